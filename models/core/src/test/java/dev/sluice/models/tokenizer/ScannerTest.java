package dev.sluice.models.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Goal: each hand-written scanner does what its regular expression does. Method: both divide
/// random text of many scripts, and the pieces must be the same. The expressions are those of
/// `tokenizer.json` files, or for libllama's variants an expression of the same meaning.
class ScannerTest {
    private static final String ASCII_UPPER = "[\\p{L}&&[^a-z]]";
    private static final String ASCII_LOWER = "[\\p{L}&&[^A-Z]]";
    private static final String HAN = "[\\x{4E00}-\\x{9FFF}\\x{3400}-\\x{4DBF}\\x{20000}-\\x{2A6DF}"
            + "\\x{2A700}-\\x{2EBEF}\\x{F900}-\\x{FAFF}\\x{2F800}-\\x{2FA1F}]";

    private static Map<String, PreTokenizer> scanners() {
        var map = new LinkedHashMap<String, PreTokenizer>();
        for (String published : List.of(KnownPatterns.GPT2, KnownPatterns.LLAMA3,
                KnownPatterns.QWEN2, KnownPatterns.QWEN35, KnownPatterns.TEKKEN,
                KnownPatterns.O200K, KnownPatterns.DEEPSEEK3, KnownPatterns.CHINESE_AND_KANA,
                "\\p{N}", "\\p{N}+", "\\p{N}{1,3}")) {
            map.put(published, KnownPatterns.scanner(published, PreTokenizer.whole()));
        }
        map.put(ascii(KnownPatterns.LLAMA3), new WordScanner(3, false, false));
        map.put(ascii(KnownPatterns.QWEN2), new WordScanner(1, false, false));
        map.put(ascii(KnownPatterns.QWEN35), new WordScanner(1, true, false));
        map.put(asciiCase(KnownPatterns.O200K),
                new CasedScanner(3, true, CasedScanner.CaseRule.ASCII));
        map.put(asciiCase(KnownPatterns.TEKKEN),
                new CasedScanner(1, false, CasedScanner.CaseRule.ASCII));
        map.put("(?=(?:[0-9]{3})+(?![0-9]))", new ThousandsScanner());
        map.put("\\s+\\z", new TrailingSpaceScanner());
        map.put(HAN + "+|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}&&[^" + HAN + "]]+"
                + "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?"
                + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                new KimiScanner());
        return map;
    }

    private static String ascii(String published) {
        return published.replace("(?i:'s|'t|'re|'ve|'m|'ll|'d)",
                "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])");
    }

    private static String asciiCase(String published) {
        return ascii(published)
                .replace("[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]", ASCII_UPPER)
                .replace("[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]", ASCII_LOWER);
    }

    @Test
    void everyScannerDividesAsItsRegularExpression() {
        long seed = Long.getLong("seed", 20261121);
        for (var entry : scanners().entrySet()) {
            var random = new Random(seed);
            var regex = new RegexSplitter(KnownPatterns.compile(entry.getKey()),
                    RegexSplitter.Delimiter.ISOLATED);
            for (int round = 0; round < 1500; round++) {
                String text = RandomText.draw(random, 1 + random.nextInt(60));
                assertEquals(pieces(regex, text), pieces(entry.getValue(), text),
                        "seed " + seed + ", round " + round + ", " + entry.getKey());
            }
        }
        System.out.printf("%d scanners, 1500 texts each, seed %d%n", scanners().size(), seed);
    }

    @Test
    void whatDiffersIsSeen() {
        assertNotEquals(pieces(new WordScanner(3, false, false), "'ſa"),
                pieces(new WordScanner(3, false, true), "'ſa"), "the long s");
        assertNotEquals(pieces(new WordScanner(3, false, false), "e\u0301a"),
                pieces(new WordScanner(3, true, false), "e\u0301a"), "marks in words");
    }

    @Test
    void aScannerSeesOnlyItsRange() {
        for (PreTokenizer scanner : scanners().values()) {
            var pieces = new ArrayList<String>();
            char[] text = "ab  123's".toCharArray();
            scanner.split(text, 1, 4, (from, to) -> pieces.add(new String(text, from, to - from)));
            assertEquals("b  ", String.join("", pieces));
        }
    }

    @Test
    void delimitersFollowTheNames() {
        assertEquals(List.of("the", "-", "final", "-", "-", "countdown"),
                dashes(RegexSplitter.Delimiter.ISOLATED));
        assertEquals(List.of("the", "final", "countdown"),
                dashes(RegexSplitter.Delimiter.REMOVED));
        assertEquals(List.of("the-", "final-", "-", "countdown"),
                dashes(RegexSplitter.Delimiter.MERGED_WITH_PREVIOUS));
        assertEquals(List.of("the", "-final", "-", "-countdown"),
                dashes(RegexSplitter.Delimiter.MERGED_WITH_NEXT));
    }

    private static List<String> dashes(RegexSplitter.Delimiter delimiter) {
        return pieces(new RegexSplitter(Pattern.compile("-"), delimiter),
                "the-final--countdown");
    }

    private static List<String> pieces(PreTokenizer splitter, String text) {
        char[] chars = text.toCharArray();
        var pieces = new ArrayList<String>();
        splitter.split(chars, 0, chars.length,
                (from, to) -> pieces.add(new String(chars, from, to - from)));
        return pieces;
    }
}
