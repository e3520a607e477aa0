package dev.sluice.models;

import java.util.List;

/// What an encoder is. Immutable.
///
/// @param architecture   for example `bert` or `qwen3`
/// @param name           what the file calls itself; may be empty
/// @param pooling        which rows make the output
/// @param normalized     whether an embedding has length 1
/// @param outputs        floats per text: an embedding's dimensions, 1 for a reranker, a
///                       classifier's labels
/// @param contextTokens  most ids of one text, those that the model adds included
/// @param matryoshka     whether the model was trained so that the first n dimensions, normalised
///                       again, are an embedding too (Kusupati et al. 2022)
/// @param labels         a classifier's, `outputs` of them; empty otherwise
public record EncoderConfig(EncoderTask task, String architecture, String name, Pooling pooling,
        boolean normalized, int outputs, int contextTokens, boolean matryoshka,
        List<String> labels) {

    public EncoderConfig {
        labels = List.copyOf(labels);
        if (outputs < 1 || contextTokens < 1) {
            throw new IllegalArgumentException("%d outputs of texts of %d tokens"
                    .formatted(outputs, contextTokens));
        }
        if (task == EncoderTask.RERANKER && outputs != 1
                || task == EncoderTask.CLASSIFIER && labels.size() != outputs) {
            throw new IllegalArgumentException("a %s with %d outputs and labels %s"
                    .formatted(task, outputs, labels));
        }
    }
}
