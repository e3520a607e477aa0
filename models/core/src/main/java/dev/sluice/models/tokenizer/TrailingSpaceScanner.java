package dev.sluice.models.tokenizer;

/// Isolates the whitespace that ends the range: `\s+$` without its quadratic search.
record TrailingSpaceScanner() implements PreTokenizer {

    @Override
    public void split(char[] text, int from, int to, Pieces out) {
        int start = to;
        while (start > from && CharacterClass.isSpace(text[start - 1])) {
            start--;
        }
        if (from < start) {
            out.piece(from, start);
        }
        if (start < to) {
            out.piece(start, to);
        }
    }
}
