package dev.sluice.models.tokenizer;

/// Turns text between special tokens into ids. Immutable, any thread.
sealed interface FragmentEncoder
        permits ByteLevelEncoder, CharacterEncoder, SentencePieceEncoder, UnigramEncoder,
                WordPieceEncoder {

    /// Appends the ids of `text[from, to)`, well-formed UTF-16; `atStart` when nothing precedes
    /// the fragment.
    void encode(char[] text, int from, int to, boolean atStart, TokenIds out);

    /// Bytes that a normal token stands for, given its text.
    byte[] decode(String text);
}
