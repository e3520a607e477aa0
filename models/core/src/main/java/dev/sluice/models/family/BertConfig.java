package dev.sluice.models.family;

/// Sizes of a BERT-family encoder (Devlin et al. 2018), whichever format they came in. Immutable.
///
/// @param contextTokens   most ids of one text
/// @param segments        rows of the segment table; 0 without one
/// @param ropeBase        theta where queries and keys are rotated (NomicBERT); 0 where positions
///                        are learned
/// @param positionRows    rows of the position table; 0 without one
/// @param positionOffset  row of a text's first position (RoBERTa leaves out its padding's)
record BertConfig(String architecture, String name, int vocab, int contextTokens, int layers,
        int hidden, int feedForward, int heads, float epsilon, int segments, double ropeBase,
        int positionRows, int positionOffset) {

    int headDim() { return hidden / heads; }
}
