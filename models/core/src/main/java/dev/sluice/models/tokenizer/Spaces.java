package dev.sluice.models.tokenizer;

/// How SentencePiece writes the spaces of a text as `▁`.
final class Spaces {
    private Spaces() { }

    /// With `merged`, each word with one mark before it, and spaces behind the last word gone; else
    /// a mark for each space, and with `prefix` one more before the first word.
    static String marked(String text, boolean prefix, boolean merged) {
        var out = new StringBuilder(text.length() + 8);
        boolean begun = false;
        boolean inWord = false;
        for (int i = 0; i < text.length(); i++) {
            boolean space = text.charAt(i) == ' ';
            if (space && !merged || !space && !inWord && (merged || prefix && !begun)) {
                out.append(MergeBoundaryScanner.SPACE_MARK);
            }
            if (!space) {
                out.append(text.charAt(i));
                begun = true;
            }
            inWord = !space;
        }
        return out.toString();
    }
}
