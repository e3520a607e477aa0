package dev.sluice.models.tokenizer;

import java.util.List;

/// How a fragment of text without special tokens becomes ids.
public sealed interface TokenModel {

    /// Byte-pair merges over bytes written in the gpt-2 alphabet.
    record ByteLevelBpe(PreTokenizer splitter, Merges merges, boolean ignoreMerges,
            List<TextRule> rules) implements TokenModel { }

    /// Byte-pair merges over characters, spaces written as `▁`; a character that is no token
    /// becomes what `fallback` says. `spacePrefix` only says that decoding drops a leading space:
    /// the rules add it.
    record CharacterBpe(PreTokenizer splitter, Merges merges, boolean ignoreMerges,
            Fallback fallback, boolean spacePrefix, List<TextRule> rules)
            implements TokenModel { }

    /// What a character that is no token becomes.
    enum Fallback {
        /// Byte tokens `<0xXX>`; where they are missing as [#UNKNOWN_FUSED].
        BYTES,
        UNKNOWN_EACH,
        /// One unknown token for a run of such characters.
        UNKNOWN_FUSED
    }

    /// SentencePiece with scores: any two neighbours whose text is a token may merge, best score
    /// first.
    record SentencePiece(boolean spacePrefix) implements TokenModel { }

    /// SentencePiece's other model: of all divisions into tokens the likeliest. `scores` are
    /// logarithms by id, as exact as the file has them; what is no token becomes byte tokens with
    /// `byteFallback`, else one unknown token for a run.
    record Unigram(PreTokenizer splitter, double[] scores, boolean byteFallback,
            boolean spacePrefix, List<TextRule> rules) implements TokenModel {
        double score(int id) { return id < scores.length ? scores[id] : 0; }
    }

    /// BERT's WordPiece; word starts carry `▁`. `wholeDecomposition` keeps every character of a
    /// canonical decomposition; libllama keeps the first. A word of more than `longestWord`
    /// characters is unknown.
    record WordPiece(boolean lowerCase, boolean stripAccents, boolean wholeDecomposition,
            int longestWord) implements TokenModel { }

    /// A rewriting of a fragment before it is divided into pieces.
    interface TextRule {
        /// `atStart` when the fragment begins the text.
        String apply(String text, boolean atStart);
    }
}
