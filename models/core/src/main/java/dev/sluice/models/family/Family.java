package dev.sluice.models.family;

import dev.sluice.kernels.RopeSpec;
import dev.sluice.models.ModelConfig;
import java.util.List;

/// What a model family adds to the shared parts: which norms, which router, which layers slide.
/// One small class per architecture; [Families] lists them.
interface Family {
    /// The value of `general.architecture` in GGUF files.
    String architecture();

    /// The names in `architectures` of a transformers config.
    List<String> transformersNames();

    /// The transformer layer of that index.
    DecoderLayer layer(Parts parts, int layer);

    /// Which elements GGUF files of this architecture rotate together: converters reorder the
    /// query and key rows of some.
    default RopeSpec.Pairing ggufPairing() {
        return RopeSpec.Pairing.HALVES;
    }

    /// The same for transformers checkpoints.
    default RopeSpec.Pairing transformersPairing() {
        return RopeSpec.Pairing.HALVES;
    }

    /// Whether kept expert weights are normalised when a GGUF file does not say.
    default boolean normalizesExpertWeights() {
        return false;
    }

    /// Whether the architecture makes no sense without experts.
    default boolean needsExperts() {
        return false;
    }

    /// Whether the architecture makes no sense without latent attention.
    default boolean needsLatent() {
        return false;
    }

    /// Whether sliding layers rotate by a theta of their own, unscaled.
    default boolean localRope() {
        return false;
    }

    /// Whether YaRN's ramp is rounded to whole pairs when the file does not say.
    default boolean truncatesYarn() {
        return true;
    }

    /// Whether a layer sees a sliding window only.
    default boolean sliding(ModelConfig config, int layer) {
        boolean[] listed = config.attention().slidingLayers();
        return config.attention().window() > 0 && listed.length > 0 && listed[layer];
    }

    /// Whether a layer rotates queries and keys.
    default boolean rotary(ModelConfig config, int layer) {
        boolean[] listed = config.attention().rotaryLayers();
        return listed.length == 0 || listed[layer];
    }

    default float embeddingScale(ModelConfig config) {
        return config.scales().embedding() == 0 ? 1 : config.scales().embedding();
    }

    default float attentionScale(ModelConfig config) {
        return config.attentionScale();
    }
}
