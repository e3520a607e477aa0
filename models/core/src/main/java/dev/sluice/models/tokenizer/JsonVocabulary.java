package dev.sluice.models.tokenizer;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.json.Json;
import dev.sluice.models.tokenizer.TokenModel.Fallback;
import dev.sluice.models.tokenizer.Vocabulary.Roles;
import dev.sluice.models.tokenizer.Vocabulary.SplitOut;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// A [Vocabulary] from a folder with `tokenizer.json` and, where they are there,
/// `tokenizer_config.json` (BOS and EOS) and `generation_config.json` (what ends a generation).
/// Whatever the files say, the only exceptions are `MalformedModelException` and
/// `UnsupportedModelException`.
public final class JsonVocabulary {
    /// Ids may have gaps, but a few tokens must not claim a table of millions.
    private static final int GAP_MAX = 1 << 16;

    private final JsonNode root;
    private final JsonNode config;
    private final JsonNode generation;
    private final JsonNode model;
    private String[] names;
    private TokenType[] types;

    private JsonVocabulary(JsonNode root, JsonNode config, JsonNode generation) {
        this.root = root;
        this.config = config;
        this.generation = generation;
        this.model = root.at("model");
    }

    /// Reads `folder/tokenizer.json` and its companions.
    public static Vocabulary read(Path folder) {
        Path file = folder.resolve("tokenizer.json");
        if (!Files.isRegularFile(file)) {
            throw new MalformedModelException(file, "no such file");
        }
        JsonNode root = parse(file);
        try {
            return new JsonVocabulary(root, optional(folder.resolve("tokenizer_config.json")),
                    optional(folder.resolve("generation_config.json"))).vocabulary();
        } catch (IllegalArgumentException e) {
            throw new MalformedModelException(file, e.getMessage());
        }
    }

    private static JsonNode optional(Path file) {
        return Files.isRegularFile(file) ? parse(file) : new JsonNode(file, "", Map.of());
    }

    private static JsonNode parse(Path file) {
        try {
            var node = new JsonNode(file, "", Json.parse(Files.readAllBytes(file)));
            node.object();
            return node;
        } catch (Json.MalformedJsonException e) {
            throw new MalformedModelException(file, e.byteOffset(), e.getMessage());
        } catch (IOException e) {
            throw new MalformedModelException(file, "can not be read: " + e.getMessage());
        }
    }

    private Vocabulary vocabulary() {
        var pipeline = new JsonPipeline(root.at("normalizer"), root.at("pre_tokenizer"));
        String type = model.text("type", model.has("merges") ? "BPE" : "");
        boolean wordPiece = type.equals("WordPiece");
        boolean unigram = type.equals("Unigram");
        if (!wordPiece && !unigram && !type.equals("BPE")) {
            throw model.unsupported("model '" + type + "'", "BPE, Unigram, WordPiece");
        }
        Optional<JsonUnigram> pieces = unigram ? Optional.of(new JsonUnigram(model))
                : Optional.empty();
        List<JsonNode> added = root.has("added_tokens") ? root.at("added_tokens").list()
                : List.of();
        names(pieces.isPresent() ? pieces.get().ids() : model.at("vocab").object(), added);
        String unknown = pieces.isPresent() ? pieces.get().unknown()
                : model.text("unk_token", "");
        types(unknown, added);
        if (wordPiece) {
            markWordStarts();
        }
        var index = new TextIndex(TextTable.of(Arrays.asList(names)));
        Roles roles = roles(index, unknown);
        TokenModel tokenModel = wordPiece ? wordPiece()
                : pieces.isPresent() ? pieces.get().model(pipeline) : bytePair(pipeline);
        return new Vocabulary(new Vocabulary.Tokens(index, types, new float[0]), tokenModel, roles,
                splitOut(added), List.of());
    }

    /// Names by id from the vocabulary and the added tokens; gaps are fillers.
    private void names(Map<?, ?> vocab, List<JsonNode> added) {
        int tokens = vocab.size() + added.size();
        int size = 0;
        for (var entry : vocab.entrySet()) {
            size = Math.max(size, idOf(entry.getKey(), entry.getValue(), tokens) + 1);
        }
        for (JsonNode token : added) {
            size = Math.max(size, idOf(token.at("content").text(), token.at("id").value(), tokens)
                    + 1);
        }
        names = new String[size];
        for (var entry : vocab.entrySet()) {
            name(idOf(entry.getKey(), entry.getValue(), tokens), (String) entry.getKey());
        }
        for (JsonNode token : added) {
            name(token.at("id").number(), token.at("content").text());
        }
        types = new TokenType[size];
        Arrays.fill(types, TokenType.NORMAL);
        for (int id = 0; id < size; id++) {
            if (names[id] == null || names[id].isEmpty()) {
                names[id] = (names[id] == null ? "[PAD" : "[EMPTY_") + id + "]";
                types[id] = TokenType.UNUSED;
            }
        }
    }

    private int idOf(Object token, Object id, int tokens) {
        if (id instanceof Long number && number >= 0 && number < (long) tokens * 2 + GAP_MAX) {
            return number.intValue();
        }
        throw model.at("vocab").malformed("token '%s': expected an id from 0 to %d, got %s"
                .formatted(token, (long) tokens * 2 + GAP_MAX - 1, id));
    }

    private void name(int id, String text) {
        if (names[id] != null && !names[id].equals(text)) {
            throw model.at("vocab").malformed("tokens '%s' and '%s' have the same id %d"
                    .formatted(names[id], text, id));
        }
        names[id] = text;
    }

    private void types(String unknown, List<JsonNode> added) {
        boolean bytes = model.flag("byte_fallback", false);
        for (int id = 0; id < names.length; id++) {
            if (bytes && ByteTokens.value(names[id]) >= 0) {
                types[id] = TokenType.BYTE;
            } else if (names[id].equals(unknown)) {
                types[id] = TokenType.UNKNOWN;
            }
        }
        for (JsonNode token : added) {
            int id = token.at("id").number();
            if (types[id] == TokenType.NORMAL) {
                types[id] = token.flag("special", false) || looksSpecial(names[id])
                        ? TokenType.CONTROL : TokenType.USER_DEFINED;
            }
        }
    }

    /// Some files forget to say that a mark is special; its form tells.
    private static boolean looksSpecial(String text) {
        return text.startsWith("<|") && text.endsWith("|>")
                || text.startsWith("<｜") && text.endsWith("｜>")
                || text.startsWith("<unused") && text.endsWith(">");
    }

    /// From `##` on what continues a word to `▁` on what begins one, as GGUF files have it.
    private void markWordStarts() {
        String prefix = model.text("continuing_subword_prefix", "##");
        for (int id = 0; id < names.length; id++) {
            if (types[id] == TokenType.NORMAL) {
                names[id] = names[id].startsWith(prefix) && !prefix.isEmpty()
                        ? names[id].substring(prefix.length())
                        : MergeBoundaryScanner.SPACE_MARK + names[id];
            }
        }
    }

    private TokenModel wordPiece() {
        JsonNode normalizer = root.at("normalizer");
        if (!normalizer.text("type", "").equals("BertNormalizer")) {
            throw normalizer.unsupported("WordPiece without BertNormalizer", "BertNormalizer");
        }
        if (!normalizer.flag("clean_text", true)
                || !normalizer.flag("handle_chinese_chars", true)) {
            throw normalizer.unsupported("clean_text or handle_chinese_chars false", "true");
        }
        boolean lowerCase = normalizer.flag("lowercase", true);
        return new TokenModel.WordPiece(lowerCase, normalizer.flag("strip_accents", lowerCase),
                true, model.has("max_input_chars_per_word")
                        ? model.at("max_input_chars_per_word").number() : 100);
    }

    private TokenModel bytePair(JsonPipeline pipeline) {
        for (String key : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!model.text(key, "").isEmpty()) {
                throw model.at(key).unsupported("'" + model.at(key).text() + "'", "none");
            }
        }
        Merges merges = merges();
        boolean ignoreMerges = model.flag("ignore_merges", false);
        if (pipeline.byteLevel()) {
            return new TokenModel.ByteLevelBpe(
                    pipeline.splitter(), merges, ignoreMerges, pipeline.rules());
        }
        Fallback fallback = model.flag("byte_fallback", false) ? Fallback.BYTES
                : model.flag("fuse_unk", false) ? Fallback.UNKNOWN_FUSED : Fallback.UNKNOWN_EACH;
        return new TokenModel.CharacterBpe(pipeline.splitter(), merges, ignoreMerges, fallback,
                pipeline.spacePrefix(), pipeline.rules());
    }

    /// Merges as "left right" or as pairs, in which a part may hold a space.
    private Merges merges() {
        if (!(model.at("merges").value() instanceof List<?> list)) {
            throw model.at("merges").malformed("expected a list of merges");
        }
        if (list.isEmpty() || list.getFirst() instanceof String) {
            for (Object merge : list) {
                if (!(merge instanceof String)) {
                    throw model.at("merges").malformed("expected texts only, got " + merge);
                }
            }
            return Merges.divided(TextTable.of(list.stream().map(String.class::cast).toList()));
        }
        var joined = new ArrayList<String>(list.size());
        int[] lengths = new int[list.size()];
        for (JsonNode merge : model.at("merges").list()) {
            List<JsonNode> parts = merge.list();
            if (parts.size() != 2 || parts.get(0).text().isEmpty()
                    || parts.get(1).text().isEmpty()) {
                throw merge.malformed("expected two texts, got " + merge.value());
            }
            String left = parts.get(0).text();
            lengths[joined.size()] = left.getBytes(StandardCharsets.UTF_8).length;
            joined.add(left + " " + parts.get(1).text());
        }
        return new Merges(TextTable.of(joined), lengths);
    }

    private Roles roles(TextIndex index, String unknownName) {
        OptionalInt bos = role("bos_token", index);
        OptionalInt eos = role("eos_token", index);
        var ends = new HashSet<Integer>();
        eos.ifPresent(ends::add);
        if (generation.has("eos_token_id")) {
            JsonNode node = generation.at("eos_token_id");
            for (JsonNode id : node.isList() ? node.list() : List.of(node)) {
                if (id.number() < names.length) {
                    ends.add(id.number());
                }
            }
        }
        Set<Integer> all = new MarkTexts(index, types).correct(ends);
        var affixes = new JsonAffixes(root.at("post_processor"), index);
        List<Integer> prefix = affixes.prefix();
        if (!affixes.decided() && config.flag("add_bos_token", false) && bos.isPresent()) {
            prefix = List.of(bos.getAsInt());
        }
        List<Integer> suffix = affixes.suffix();
        if (!affixes.decided() && config.flag("add_eos_token", false) && eos.isPresent()) {
            suffix = List.of(eos.getAsInt());
        }
        OptionalInt unknown = unknownName.isEmpty() ? OptionalInt.empty()
                : JsonAffixes.find(unknownName, index);
        return new Roles(bos, eos, unknown, prefix, suffix, all);
    }

    /// The token that `tokenizer_config.json` names, as a text or as an object with `content`;
    /// else the first of the ids in `generation_config.json`.
    private OptionalInt role(String key, TextIndex index) {
        if (config.has(key)) {
            JsonNode node = config.at(key);
            return JsonAffixes.find((node.isObject() ? node.at("content") : node).text(), index);
        }
        if (!generation.has(key + "_id")) {
            return OptionalInt.empty();
        }
        JsonNode node = generation.at(key + "_id");
        JsonNode first = node.isList() && !node.list().isEmpty() ? node.list().getFirst() : node;
        return first.number() < names.length ? OptionalInt.of(first.number())
                : OptionalInt.empty();
    }

    private List<SplitOut> splitOut(List<JsonNode> added) {
        var out = new ArrayList<SplitOut>();
        var seen = new HashSet<Integer>();
        for (JsonNode token : added) {
            int id = token.at("id").number();
            if (seen.add(id)) {
                boolean parsedOnly = switch (types[id]) {
                    case CONTROL, UNKNOWN -> true;
                    case NORMAL, USER_DEFINED, UNUSED, BYTE -> false;
                };
                out.add(new SplitOut(id, parsedOnly, token.flag("lstrip", false),
                        token.flag("rstrip", false), token.flag("single_word", false)));
            }
        }
        return out;
    }
}
