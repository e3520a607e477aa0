package dev.sluice.models.tokenizer;

import java.util.Random;

/// Text from many scripts for fuzzing, valid Unicode throughout, drawn from a seed that failures
/// print.
final class RandomText {
    private static final String[] WORDS = {"'s", "'LL", "'Re", "'d", "~a", "don't", "HTTPServer",
        "McDonald", "<s>", "//\n", "...\r\n", "  ", "\t", "12345", "1,234", "x=", "the", " and",
        "\u0085", "\u00A0", "\u3000", "\u2028", "e\u0301", "👩‍👩‍👧", "ſ", "'ſ", "\u200B",
        "ǅ", "ª"};
    private static final int[][] RANGES = {{32, 126}, {0xA0, 0x24F}, {0x300, 0x36F},
        {0x400, 0x4FF}, {0x5D0, 0x5EA}, {0x600, 0x6FF}, {0x900, 0x97F}, {0x1E00, 0x1EFF},
        {0x2000, 0x2BFF}, {0x3040, 0x30FF}, {0x4E00, 0x4FFF}, {0xAC00, 0xAD00}, {0x10400, 0x1044F},
        {0x1D400, 0x1D7FF}, {0x1F300, 0x1F5FF}, {0x20000, 0x200FF}, {0, 31}, {0x10FFF0, 0x10FFFF}};

    private RandomText() { }

    static String draw(Random random, int parts) {
        var text = new StringBuilder();
        for (int i = 0; i < parts; i++) {
            switch (random.nextInt(6)) {
                case 0 -> text.append(WORDS[random.nextInt(WORDS.length)]);
                case 1 -> text.append(' ');
                case 2 -> {
                    int[] range = RANGES[random.nextInt(RANGES.length)];
                    text.appendCodePoint(range[0] + random.nextInt(range[1] - range[0] + 1));
                }
                case 3 -> text.append((char) ('A' + random.nextInt(26)));
                default -> text.append((char) ('a' + random.nextInt(26)));
            }
        }
        return text.toString();
    }
}
