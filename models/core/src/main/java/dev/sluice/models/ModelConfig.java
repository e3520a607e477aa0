package dev.sluice.models;

import dev.sluice.kernels.RopeSpec;

/// What a model file says about its graph, in the same terms whichever format it came in. Values
/// that a format leaves to the family (a scale, a pattern of windows) are 0 or empty here, and the
/// family decides. Immutable.
///
/// @param architecture  the name that GGUF files use, for example `qwen3moe`
/// @param name          what the file calls itself; may be empty
/// @param vocab         rows of the embedding table
/// @param layers        transformer layers that run; prediction layers at the end are not counted
/// @param normEpsilon   epsilon of every RMS norm
/// @param tied          whether the embedding table is also the output matrix
public record ModelConfig(String architecture, String name, int vocab, int contextLength,
        int layers,
        int hidden, int feedForward, float normEpsilon, boolean tied, AttentionConfig attention,
        RopeConfig rope, Scales scales, ExpertConfig experts, LatentConfig latent) {

    /// @param window         positions a sliding layer sees, itself included; 0 when there is none
    /// @param slidingLayers  which layers slide; empty leaves it to the family
    /// @param rotaryLayers   which layers rotate; empty means all
    /// @param scale          factor on q . k; 0 for 1/sqrt(keyDim)
    /// @param softcap        0 for none
    public record AttentionConfig(int heads, int kvHeads, int keyDim, int valueDim, float scale,
            float softcap, int window, boolean[] slidingLayers, boolean[] rotaryLayers) { }

    /// @param dims       rotated elements of a head
    /// @param base       theta of full layers
    /// @param localBase  theta of sliding layers, which are never scaled unless `scaleLocal`
    /// @param pairing    how the file's query and key rows are ordered
    public record RopeConfig(int dims, double base, double localBase, boolean scaleLocal,
            RopeScaling scaling, RopeSpec.Pairing pairing) { }

    /// Multipliers that some families have.
    ///
    /// @param embedding    on the embeddings; 0 leaves it to the family
    /// @param residual     on each sublayer's output
    /// @param logits       on the logits
    /// @param logitSoftcap 0 for none
    public record Scales(float embedding, float residual, float logits, float logitSoftcap) { }

    /// @param experts       0 for a dense model
    /// @param hidden        inner width of an expert
    /// @param sharedHidden  inner width of the shared expert; 0 when there is none
    /// @param denseLayers   leading layers without experts
    /// @param sigmoid       whether the file says that scores are sigmoids
    /// @param normalize     whether kept weights are normalised
    public record ExpertConfig(int experts, int topK, int hidden, int sharedHidden, int denseLayers,
            boolean sigmoid, boolean normalize, float scale, int groups, int groupsKept) {

        public static final ExpertConfig NONE =
                new ExpertConfig(0, 0, 0, 0, 0, false, false, 1, 1, 1);
    }

    /// Multi-head latent attention (DeepSeek-V2, section 2.1); kvRank is 0 for other attention.
    ///
    /// @param queryRank  0 when queries are projected directly
    /// @param nopeDim    part of a head that is not rotated
    /// @param ropeDim    part of a head that is
    public record LatentConfig(int queryRank, int kvRank, int nopeDim, int ropeDim, int valueDim) {
        public static final LatentConfig NONE = new LatentConfig(0, 0, 0, 0, 0);
    }

    /// 1/sqrt(keyDim) unless the file says otherwise.
    public float attentionScale() {
        return attention.scale != 0 ? attention.scale : (float) (1 / Math.sqrt(attention.keyDim));
    }
}
