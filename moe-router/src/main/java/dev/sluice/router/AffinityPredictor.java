package dev.sluice.router;

/// Guesses which experts the next expert layer will choose from those that a layer has chosen
/// (ExFlow, arXiv 2401.08383: routing of neighbouring layers is correlated). A cache
/// fetches by it; a wrong guess costs time and never changes an answer.
///
/// The answer depends on the arguments and the counts behind the predictor alone. An
/// implementation says which thread may ask; none allocates.
public interface AffinityPredictor {

    /// Ranks the experts of the next expert layer after transformer layer `layer`.
    ///
    /// @param layer    transformer layer whose choices are known
    /// @param experts  the chosen experts of any number of tokens, in any order; an expert that
    ///                 occurs twice counts twice
    /// @param count    how many of `experts` are meant
    /// @param scores   scratch of at least as many elements as a layer has experts; afterwards
    ///                 element q is proportional to the visits that expert q is expected to get
    /// @param ranked   receives experts, the likeliest first; of equals the lower id first
    /// @return how many were written: `ranked.length` or the number of experts, if fewer; 0 when
    ///         there is no next expert layer or nothing is known of it
    int rank(int layer, int[] experts, int count, float[] scores, int[] ranked);

    /// Knows nothing.
    static AffinityPredictor none() {
        return (_, _, _, _, _) -> 0;
    }
}
