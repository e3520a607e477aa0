package dev.sluice.models.tokenizer;

/// Byte-pair merges in order of rank: merge `i` joins the first `leftLengths[i]` bytes of text `i`
/// and what follows the one byte after them. Arrays are not copied.
public record Merges(TextTable texts, int[] leftLengths) {

    public Merges {
        if (texts.size() != leftLengths.length) {
            throw new IllegalArgumentException("merges: %d texts, %d splits"
                    .formatted(texts.size(), leftLengths.length));
        }
    }

    /// Merges written as "left right". A part may begin with a space, so the first space at index
    /// 1 or later divides; none there is an error that names the merge.
    public static Merges divided(TextTable texts) {
        int[] lengths = new int[texts.size()];
        for (int i = 0; i < lengths.length; i++) {
            lengths[i] = texts.indexOf(i, (byte) ' ', 1);
            if (lengths[i] + 1 >= texts.length(i)) {
                throw new IllegalArgumentException("merge %d, '%s', is not two parts and a space"
                        .formatted(i, texts.text(i)));
            }
        }
        return new Merges(texts, lengths);
    }

    int size() { return leftLengths.length; }
}
