package dev.sluice.models.tokenizer;

/// Divides text into the pieces within which byte-pair merges happen. Immutable, any thread.
public interface PreTokenizer {

    /// Receives `[from, to)` of each piece, in order.
    interface Pieces {
        void piece(int from, int to);
    }

    /// Gives every piece of `[from, to)` to `out`: together they are the range, unless the
    /// pre-tokenizer is one that removes text. Sees nothing outside the range.
    void split(char[] text, int from, int to, Pieces out);

    /// The whole text is one piece.
    static PreTokenizer whole() {
        return (_, from, to, out) -> out.piece(from, to);
    }

    /// Each piece of this one divided again.
    default PreTokenizer then(PreTokenizer next) {
        return (text, from, to, out) ->
                split(text, from, to, (start, end) -> next.split(text, start, end, out));
    }
}
