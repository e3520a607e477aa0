package dev.sluice.models;

import dev.sluice.models.file.GgufFile;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.SafetensorsFolder;
import dev.sluice.models.file.TensorFile;
import dev.sluice.models.json.JsonObject;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.models.tokenizer.Tokenizer.Special;
import java.util.Arrays;
import java.util.List;

/// The text side of an encoder in a GGUF file or a folder. A user's text never becomes a control
/// token: `[SEP]` in it is five characters. Immutable, any thread.
final class FileTexts implements EncoderTexts {
    /// How rerankers on a decoder ask (the model card of Qwen3-Reranker); a file's own wins.
    private static final String QUESTION = "<|im_start|>system\n"
            + "Judge whether the Document meets the requirements based on the Query and the "
            + "Instruct provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n"
            + "<|im_start|>user\n"
            + "<Instruct>: Given a web search query, retrieve relevant passages that answer the "
            + "query\n<Query>: {query}\n<Document>: {document}<|im_end|>\n"
            + "<|im_start|>assistant\n<think>\n\n</think>\n\n";

    private final Tokenizer tokenizer;
    private final int[] prefix;
    private final int[] suffix;
    private final Pairs pairs;

    /// How a query and a document become one input.
    private sealed interface Pairs {
        /// The model's own separators around both.
        ///
        /// @param twice     whether the separator stands twice between them
        /// @param segments  whether the document has a segment of its own
        record Separated(boolean twice, boolean segments) implements Pairs { }

        /// A prompt with `{query}` and `{document}`.
        record Asked(String template) implements Pairs { }
    }

    private FileTexts(Tokenizer tokenizer, Pairs pairs) {
        this.tokenizer = tokenizer;
        this.pairs = pairs;
        int[] empty = tokenizer.withBosAndEos(new int[0]);
        int mark = 0;
        while (contains(empty, mark)) {
            mark++;
        }
        int[] around = tokenizer.withBosAndEos(new int[] {mark});
        int at = 0;
        while (around[at] != mark) {
            at++;
        }
        prefix = Arrays.copyOf(around, at);
        suffix = Arrays.copyOfRange(around, at + 1, around.length);
    }

    private static boolean contains(int[] ids, int wanted) {
        for (int id : ids) {
            if (id == wanted) {
                return true;
            }
        }
        return false;
    }

    static FileTexts of(TensorFile file) {
        return new FileTexts(ModelTexts.of(file).tokenizer(), switch (file) {
            case GgufFile gguf -> pairs(gguf);
            case SafetensorsFolder folder -> pairs(folder);
            case ModelGraph graph -> throw new UnsupportedModelException(
                    graph.path() + ": a graph that generates, not an encoder");
        });
    }

    private static Pairs pairs(GgufFile file) {
        String template = file.metadata().string("tokenizer.chat_template.rerank", "");
        if (!template.isEmpty()) {
            return new Pairs.Asked(template);
        }
        if (!file.metadata().string("general.architecture", "").contains("bert")) {
            return new Pairs.Asked(QUESTION);
        }
        boolean segments = file.has("token_types.weight")
                && file.tensor("token_types.weight").matrix().rows() > 1;
        return new Pairs.Separated(
                file.metadata().bool("tokenizer.ggml.add_sep_token", false), segments);
    }

    private static Pairs pairs(SafetensorsFolder folder) {
        var json = new JsonObject(folder.path().resolve("config.json"), folder.config());
        List<?> names = json.list("architectures");
        String name = names.isEmpty() ? "" : String.valueOf(names.getFirst());
        if (name.startsWith("Bert")) {
            return new Pairs.Separated(false, json.integer("type_vocab_size", 2) > 1);
        }
        return name.matches("(XLM)?Roberta.*|Camembert.*") ? new Pairs.Separated(true, false)
                : new Pairs.Asked(QUESTION);
    }

    @Override
    public EncoderInput text(String text) {
        return new EncoderInput(tokenizer.withBosAndEos(
                tokenizer.encode(text, Special.AS_TEXT)));
    }

    @Override
    public EncoderInput pair(String query, String document) {
        return switch (pairs) {
            case Pairs.Separated separated -> separated(separated,
                    tokenizer.encode(query, Special.AS_TEXT),
                    tokenizer.encode(document, Special.AS_TEXT));
            case Pairs.Asked(String template) -> new EncoderInput(tokenizer.encode(
                    asked(template, tokenizer.guard(query), tokenizer.guard(document)),
                    Special.PARSE));
        };
    }

    /// One pass, so that a query which contains `{document}` stays what it is.
    private static String asked(String template, String query, String document) {
        var out = new StringBuilder(template.length() + query.length() + document.length());
        int from = 0;
        while (from < template.length()) {
            if (template.startsWith("{query}", from)) {
                out.append(query);
                from += "{query}".length();
            } else if (template.startsWith("{document}", from)) {
                out.append(document);
                from += "{document}".length();
            } else {
                out.append(template.charAt(from++));
            }
        }
        return out.toString();
    }

    private EncoderInput separated(Pairs.Separated how, int[] query, int[] document) {
        int second = prefix.length + query.length + suffix.length * (how.twice ? 2 : 1);
        var ids = new int[second + document.length + suffix.length];
        System.arraycopy(prefix, 0, ids, 0, prefix.length);
        System.arraycopy(query, 0, ids, prefix.length, query.length);
        int at = prefix.length + query.length;
        System.arraycopy(suffix, 0, ids, at, suffix.length);
        System.arraycopy(suffix, 0, ids, second - suffix.length, suffix.length);
        System.arraycopy(document, 0, ids, second, document.length);
        System.arraycopy(suffix, 0, ids, ids.length - suffix.length, suffix.length);
        var segments = new int[ids.length];
        Arrays.fill(segments, second, ids.length, how.segments ? 1 : 0);
        return new EncoderInput(ids, segments);
    }
}
