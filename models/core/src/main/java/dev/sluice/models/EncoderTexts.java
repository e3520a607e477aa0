package dev.sluice.models;

/// The text side of an encoder. Never cuts anything off: what is longer than the model's context
/// comes back as long as it is. Immutable, any thread.
public interface EncoderTexts {

    /// Ids of one text, with the tokens that the model wants around it.
    EncoderInput text(String text);

    /// Ids of a query and a document that a reranker compares.
    EncoderInput pair(String query, String document);

    /// Ids that somebody else has tokenized, taken as they are.
    default EncoderInput tokens(int[] ids) {
        return new EncoderInput(ids.clone());
    }
}
