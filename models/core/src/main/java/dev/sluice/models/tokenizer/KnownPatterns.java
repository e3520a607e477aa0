package dev.sluice.models.tokenizer;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/// Regular expressions as `tokenizer.json` files write them, in Oniguruma's Ruby syntax: which of
/// them a scanner does faster, and the others as `java.util.regex` patterns.
final class KnownPatterns {
    static final String GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+"
            + "| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    static final String LLAMA3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
            + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String QWEN2 = LLAMA3.replace("\\p{N}{1,3}", "\\p{N}");
    static final String QWEN35 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
            + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}"
            + "| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    static final String TEKKEN = "[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "*" + LOWER + "+"
            + "|[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "+" + LOWER + "*"
            + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
    static final String O200K = "[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "*" + LOWER + "+" + CONTRACTION
            + "|[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "+" + LOWER + "*" + CONTRACTION
            + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String DEEPSEEK3 = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
            + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*"
            + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String CHINESE_AND_KANA = "[一-龥぀-ゟ゠-ヿ]+";

    private static final Map<String, PreTokenizer> SCANNERS = scanners();

    private KnownPatterns() { }

    private static Map<String, PreTokenizer> scanners() {
        var map = new HashMap<String, PreTokenizer>();
        map.put(GPT2, new Gpt2Scanner());
        map.put(LLAMA3, new WordScanner(3, false, true));
        map.put(QWEN2, new WordScanner(1, false, true));
        map.put(QWEN35, new WordScanner(1, true, true));
        map.put(TEKKEN, new CasedScanner(1, false, CasedScanner.CaseRule.UNICODE));
        map.put(O200K, new CasedScanner(3, true, CasedScanner.CaseRule.UNICODE));
        map.put(DEEPSEEK3, new DeepSeekScanner());
        map.put(CHINESE_AND_KANA, RunScanner.chineseAndKana());
        map.put("\\p{N}{1,3}", RunScanner.numbers(3));
        map.put("\\p{N}", RunScanner.numbers(1));
        map.put("\\p{N}+", RunScanner.numbers(Integer.MAX_VALUE));
        return Map.copyOf(map);
    }

    /// The scanner that isolates what `regex` matches, or `other` when there is none. Files write
    /// line breaks escaped or plain.
    static PreTokenizer scanner(String regex, PreTokenizer other) {
        return SCANNERS.getOrDefault(
                regex.replace("\r", "\\r").replace("\n", "\\n"), other);
    }

    /// `regex` with the meaning Oniguruma gives it: case folding and classes are Unicode's, `$`
    /// ends a line, and a line ends at `\n` alone.
    static Pattern compile(String regex) {
        String java = regex.replace("(?i:", "(?iu:").replace("(?i)", "(?iu)")
                .replaceAll("\\\\([pP])\\{(\\^?)(Han|Hiragana|Katakana|Hangul|Latin|Greek|Cyrillic"
                        + "|Thai|Arabic|Hebrew|Devanagari)\\}", "\\\\$1{Is$3}");
        return Pattern.compile(java, Pattern.UNICODE_CHARACTER_CLASS
                | Pattern.MULTILINE | Pattern.UNIX_LINES);
    }
}
