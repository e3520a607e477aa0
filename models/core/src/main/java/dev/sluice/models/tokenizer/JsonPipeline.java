package dev.sluice.models.tokenizer;

import dev.sluice.models.tokenizer.RegexSplitter.Delimiter;
import dev.sluice.models.tokenizer.TokenModel.TextRule;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// What `normalizer` and `pre_tokenizer` of a `tokenizer.json` do to a fragment: rules that rewrite
/// it, then a pre-tokenizer that divides it. A step that is not implemented is an
/// `UnsupportedModelException` that names it. Used once, by [JsonVocabulary].
final class JsonPipeline {
    private static final String NORMALIZERS = "BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, "
            + "Precompiled, Prepend, Replace, Sequence, Strip, StripAccents";
    private static final String PRE_TOKENIZERS = "BertPreTokenizer, ByteLevel, Digits, Metaspace, "
            + "Punctuation, Sequence, Split, Whitespace, WhitespaceSplit";
    private static final String MARK = String.valueOf(MergeBoundaryScanner.SPACE_MARK);

    private final List<TextRule> rules = new ArrayList<>();
    private PreTokenizer splitter = PreTokenizer.whole();
    private boolean divided;
    /// Whether the only division so far is that into words between white space.
    private boolean words;
    private boolean byteLevel;
    private boolean spacePrefix;

    JsonPipeline(JsonNode normalizer, JsonNode preTokenizer) {
        if (!normalizer.isNull()) {
            normalize(normalizer);
        }
        if (!preTokenizer.isNull()) {
            preTokenize(preTokenizer);
        }
    }

    List<TextRule> rules() { return List.copyOf(rules); }

    PreTokenizer splitter() { return splitter; }

    boolean byteLevel() { return byteLevel; }

    boolean spacePrefix() { return spacePrefix; }

    private void normalize(JsonNode node) {
        String type = node.at("type").text();
        switch (type) {
            case "Sequence" -> node.at("normalizers").list().forEach(this::normalize);
            case "NFC", "NFD", "NFKC", "NFKD" -> {
                var form = Normalizer.Form.valueOf(type);
                rules.add((text, _) -> Normalizer.normalize(text, form));
            }
            case "Lowercase" -> rules.add((text, _) -> text.toLowerCase(Locale.ROOT));
            case "StripAccents" -> rules.add(replacing(Pattern.compile("\\p{Mn}"), ""));
            case "Prepend" -> {
                String prefix = node.at("prepend").text();
                spacePrefix |= prefix.equals(MARK) || prefix.equals(" ");
                rules.add((text, _) -> text.isEmpty() ? text : prefix + text);
            }
            case "Replace" -> rules.add(
                    replacing(pattern(node.at("pattern")), node.at("content").text()));
            case "Strip" -> {
                boolean left = node.flag("strip_left", true);
                boolean right = node.flag("strip_right", true);
                rules.add((text, _) -> strip(text, left, right));
            }
            case "Precompiled" -> {
                var map = new CharacterMap(charsmap(node));
                rules.add((text, _) -> map.rewriteClusters(text));
            }
            case "BertNormalizer" -> { } // WordPiece does this itself; its flags are read there.
            default -> throw node.unsupported("normalizer '" + type + "'", NORMALIZERS);
        }
    }

    /// A file may have none, as `null` or as an empty text.
    private static byte[] charsmap(JsonNode node) {
        try {
            return Base64.getDecoder().decode(node.text("precompiled_charsmap", ""));
        } catch (IllegalArgumentException e) {
            throw node.at("precompiled_charsmap").malformed("not base64: " + e.getMessage());
        }
    }

    private static TextRule replacing(Pattern pattern, String content) {
        String replacement = Matcher.quoteReplacement(content);
        return (text, _) -> pattern.matcher(text).replaceAll(replacement);
    }

    private static String strip(String text, boolean left, boolean right) {
        String stripped = left ? text.stripLeading() : text;
        return right ? stripped.stripTrailing() : stripped;
    }

    private void preTokenize(JsonNode node) {
        String type = node.at("type").text();
        switch (type) {
            case "Sequence" -> node.at("pretokenizers").list().forEach(this::preTokenize);
            case "Split" -> divide(split(node));
            case "ByteLevel" -> byteLevel(node);
            case "Digits" -> divide(RunScanner.numbers(
                    node.flag("individual_digits", false) ? 1 : Integer.MAX_VALUE));
            case "Punctuation" -> divide(new RegexSplitter(
                    unicode("[\\p{P}$+<=>^`|~]"), delimiter(node, "Isolated")));
            case "Whitespace" -> divide(new RegexSplitter(unicode("\\s+"), Delimiter.REMOVED)
                    .then(RegexSplitter.isolating("\\w+|[^\\w\\s]+")));
            case "WhitespaceSplit" -> {
                words = !divided;
                divide(new RegexSplitter(unicode("\\s+"), Delimiter.REMOVED));
            }
            case "Metaspace" -> metaspace(node);
            case "BertPreTokenizer" -> { } // WordPiece does this itself.
            default -> throw node.unsupported("pre-tokenizer '" + type + "'", PRE_TOKENIZERS);
        }
    }

    private void divide(PreTokenizer next) {
        words &= !divided;
        splitter = divided ? splitter.then(next) : next;
        divided = true;
    }

    private void byteLevel(JsonNode node) {
        byteLevel = true;
        if (node.flag("add_prefix_space", true)) {
            if (divided) {
                throw node.unsupported("add_prefix_space after another pre-tokenizer", "first");
            }
            spacePrefix = true;
            rules.add((text, _) -> text.startsWith(" ") ? text : " " + text);
        }
        if (node.flag("use_regex", true)) {
            divide(new Gpt2Scanner());
        }
    }

    private void metaspace(JsonNode node) {
        if (divided && !words) {
            throw node.unsupported("Metaspace after another pre-tokenizer",
                    "first, or after WhitespaceSplit");
        }
        String mark = node.text("replacement", MARK);
        if (!mark.equals(MARK)) {
            throw node.unsupported("replacement '" + mark + "'", MARK);
        }
        String scheme = node.text("prepend_scheme",
                node.flag("add_prefix_space", true) ? "always" : "never");
        if (words) {
            metaspaceOfWords(node, scheme);
            return;
        }
        rules.add((text, _) -> text.replace(' ', MergeBoundaryScanner.SPACE_MARK));
        switch (scheme) {
            case "never" -> { }
            case "always" -> rules.add((text, _) -> text.startsWith(MARK) ? text : MARK + text);
            case "first" -> rules.add((text, atStart) ->
                    !atStart || text.startsWith(MARK) ? text : MARK + text);
            default -> throw node.at("prepend_scheme")
                    .unsupported("'" + scheme + "'", "always, first, never");
        }
        spacePrefix |= !scheme.equals("never");
        if (node.flag("split", true)) {
            divide(new RegexSplitter(Pattern.compile(MARK), Delimiter.MERGED_WITH_NEXT));
        }
    }

    /// Every word gets its mark, so that the words of a text can be divided again at the marks.
    private void metaspaceOfWords(JsonNode node, String scheme) {
        if (!scheme.equals("always") || !node.flag("split", true)) {
            throw node.unsupported("prepend_scheme '%s', split %s after WhitespaceSplit"
                    .formatted(scheme, node.flag("split", true)), "always, true");
        }
        Pattern word = unicode("\\S+");
        rules.add((text, _) -> word.matcher(text).replaceAll(match -> Matcher.quoteReplacement(
                match.group().startsWith(MARK) ? match.group() : MARK + match.group())));
        spacePrefix = true;
        divide(new RegexSplitter(Pattern.compile(MARK), Delimiter.MERGED_WITH_NEXT));
    }

    private PreTokenizer split(JsonNode node) {
        JsonNode pattern = node.at("pattern");
        Delimiter delimiter = delimiter(node, "Isolated");
        boolean invert = node.flag("invert", false);
        if (invert && delimiter == Delimiter.REMOVED) {
            throw node.unsupported("invert with behavior Removed", "Isolated");
        }
        if (delimiter == Delimiter.ISOLATED && pattern.has("Regex")) {
            return KnownPatterns.scanner(pattern.at("Regex").text(),
                    new RegexSplitter(pattern(pattern), delimiter));
        }
        return new RegexSplitter(pattern(pattern), delimiter);
    }

    private static Delimiter delimiter(JsonNode node, String absent) {
        String behavior = node.text("behavior", absent);
        return switch (behavior.toLowerCase(Locale.ROOT).replace("_", "")) {
            case "isolated" -> Delimiter.ISOLATED;
            case "removed" -> Delimiter.REMOVED;
            case "mergedwithprevious" -> Delimiter.MERGED_WITH_PREVIOUS;
            case "mergedwithnext" -> Delimiter.MERGED_WITH_NEXT;
            default -> throw node.at("behavior").unsupported("'" + behavior + "'",
                    "Isolated, MergedWithNext, MergedWithPrevious, Removed");
        };
    }

    private static Pattern pattern(JsonNode node) {
        if (node.has("String")) {
            return Pattern.compile(Pattern.quote(node.at("String").text()));
        }
        String regex = node.at("Regex").text();
        try {
            return KnownPatterns.compile(regex);
        } catch (PatternSyntaxException e) {
            throw node.unsupported("regular expression '" + regex + "' ("
                    + e.getDescription() + ")", "what java.util.regex can read");
        }
    }

    private static Pattern unicode(String regex) {
        return Pattern.compile(regex, Pattern.UNICODE_CHARACTER_CLASS);
    }
}
