package dev.sluice.models.tokenizer;

/// Divides a run of ASCII digits into threes from its end, "1234567" into 1, 234 and 567, and
/// leaves other text joined to the digits before it: `(?=(\d{3})+(?!\d))`, the second pattern of
/// superbpe, in one pass.
record ThousandsScanner() implements PreTokenizer {

    @Override
    public void split(char[] text, int from, int to, Pieces out) {
        int start = from;
        for (int i = from; i < to;) {
            int end = i;
            while (end < to && text[end] >= '0' && text[end] <= '9') {
                end++;
            }
            for (int cut = end - (end - i) / 3 * 3; cut < end; cut += 3) {
                if (cut > start) {
                    out.piece(start, cut);
                    start = cut;
                }
            }
            i = Math.max(end, i + 1);
        }
        if (start < to) {
            out.piece(start, to);
        }
    }
}
