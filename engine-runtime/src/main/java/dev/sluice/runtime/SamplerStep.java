package dev.sluice.runtime;

import java.util.List;

/// The steps of a sampler whose order a request may choose. Before them come the token mask and
/// the logit bias, after them Mirostat and the draw.
public enum SamplerStep {
    /// Repetition, frequency and presence penalty.
    PENALTIES,
    DRY,
    TEMPERATURE,
    TOP_N_SIGMA,
    MIN_P,
    TOP_K,
    TYPICAL_P,
    TOP_P,
    XTC;

    /// vLLM's and OpenAI's: the tokens are cut after the temperature has been applied. What vLLM
    /// lacks stands where it changes least.
    public static final List<SamplerStep> DEFAULT_ORDER = List.of(PENALTIES, DRY, TEMPERATURE,
            TOP_N_SIGMA, MIN_P, TOP_K, TYPICAL_P, TOP_P, XTC);

    /// llama.cpp's: the tokens are cut by their probabilities at temperature 1.
    public static final List<SamplerStep> LLAMA_CPP_ORDER = List.of(PENALTIES, DRY, TOP_N_SIGMA,
            TOP_K, TYPICAL_P, TOP_P, MIN_P, XTC, TEMPERATURE);
}
