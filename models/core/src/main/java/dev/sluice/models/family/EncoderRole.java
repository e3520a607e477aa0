package dev.sluice.models.family;

import dev.sluice.models.EncoderTask;
import dev.sluice.models.Pooling;
import java.util.List;

/// What a model file says its hidden states are for. Immutable.
///
/// @param matryoshka  whether leading dimensions are an embedding too
/// @param labels      of the head's rows; empty for an embedding and for a lone score
/// @param tokens      ids whose rows of the output matrix are the head, where the file has no other
record EncoderRole(EncoderTask task, Pooling pooling, boolean normalized, boolean matryoshka,
        List<String> labels, int[] tokens) {

    static EncoderRole embedding(Pooling pooling, boolean normalized, boolean matryoshka) {
        return new EncoderRole(EncoderTask.EMBEDDING, pooling, normalized, matryoshka, List.of(),
                new int[0]);
    }

    /// A head with one row, or with a row for yes and one for no, ranks; any other classifies.
    static EncoderRole scores(Pooling pooling, List<String> labels, int[] tokens) {
        boolean ranks = labels.size() <= 1 || labels.equals(YES_NO);
        return new EncoderRole(ranks ? EncoderTask.RERANKER : EncoderTask.CLASSIFIER, pooling,
                false, false, labels, tokens);
    }

    static final List<String> YES_NO = List.of("yes", "no");

    boolean yesNo() { return labels.equals(YES_NO); }

    /// Rows of the head.
    int headRows() { return Math.max(1, labels.size()); }

    /// Floats per text.
    ///
    /// @param hidden  of the model
    int outputs(int hidden) {
        return switch (task) {
            case EMBEDDING -> hidden;
            case RERANKER -> 1;
            case CLASSIFIER -> labels.size();
        };
    }
}
