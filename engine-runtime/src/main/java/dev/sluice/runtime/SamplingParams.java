package dev.sluice.runtime;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/// How a request turns logits into tokens. Immutable; checks itself, and every complaint names the
/// field, the value and what is allowed. The formulas stand at [Sampler].
///
/// ```java
/// var params = SamplingParams.defaults().withTemperature(0.7f).withTopP(0.9f).withSeed(1);
/// ```
///
/// @param temperature  0 takes the most likely token
/// @param topK         tokens kept; 0 is off
/// @param topP         mass kept; 1 is off
/// @param minP         least probability relative to the best token's; 0 is off
/// @param typicalP     mass kept of the locally typical tokens; 1 is off
/// @param topNSigma    standard deviations below the best logit; 0 is off
/// @param logitBias    added to the logits of these tokens; negative infinity bans one
/// @param minTokens    tokens before one that ends the generation is allowed
/// @param ignoreEos    never draw a token that ends the generation
/// @param order        the steps that run, in this order; a step that is on must be in it
/// @param logprobs     report each token's log-probability
/// @param topLogprobs  and those of this many most likely tokens
public record SamplingParams(float temperature, DynamicTemperature dynamicTemperature, int topK,
        float topP, float minP, float typicalP, float topNSigma, Xtc xtc, Mirostat mirostat,
        Penalties penalties, Dry dry, Map<Integer, Float> logitBias, long seed, int minTokens,
        boolean ignoreEos, List<SamplerStep> order, boolean logprobs, int topLogprobs) {

    /// Most tokens that [#topLogprobs] may ask for, as at OpenAI.
    public static final int MAX_TOP_LOGPROBS = 20;

    /// Temperature that follows the entropy, within `range` around [SamplingParams#temperature].
    /// A range of 0 is off.
    public record DynamicTemperature(float range, float exponent) {
        public static final DynamicTemperature OFF = new DynamicTemperature(0, 1);

        public DynamicTemperature {
            within("dynamicTemperature.range", range, 0, 100);
            within("dynamicTemperature.exponent", exponent, 0, 100);
        }
    }

    /// "Exclude top choices": with `probability`, drops all but the least likely of the tokens
    /// that have at least `threshold`. Off at probability 0 or a threshold above 0.5.
    public record Xtc(float probability, float threshold) {
        public static final Xtc OFF = new Xtc(0, 0.1f);

        public Xtc {
            within("xtc.probability", probability, 0, 1);
            within("xtc.threshold", threshold, 0, 1);
        }

        boolean on() { return probability > 0 && threshold <= 0.5f; }
    }

    /// Mirostat (Basu and others, arXiv 2007.14966) holds the surprise near `tau` bits with the
    /// learning rate `eta`. Version 0 is off. It takes the place of every truncation.
    public record Mirostat(int version, float tau, float eta) {
        public static final Mirostat OFF = new Mirostat(0, 5, 0.1f);

        public Mirostat {
            within("mirostat.version", version, 0, 2);
            within("mirostat.tau", tau, 0, 100);
            within("mirostat.eta", eta, 0, 1);
        }

        boolean on() { return version > 0; }
    }

    /// Which tokens the penalties count.
    public enum Scope {
        /// Generated ones, as at OpenAI.
        OUTPUT,
        /// The prompt's too, as in llama.cpp.
        PROMPT_AND_OUTPUT
    }

    /// @param repetition divides a positive logit of a seen token, multiplies another; 1 is off
    /// @param frequency  taken off per occurrence; 0 is off
    /// @param presence   taken off once; 0 is off
    /// @param lastN      how many of the scope's last tokens count; 0 for all of them
    public record Penalties(float repetition, float frequency, float presence, Scope scope,
            int lastN) {
        public static final Penalties OFF = new Penalties(1, 0, 0, Scope.OUTPUT, 0);

        public Penalties {
            within("penalties.repetition", repetition, 0.01, 100);
            within("penalties.frequency", frequency, -2, 2);
            within("penalties.presence", presence, -2, 2);
            within("penalties.lastN", lastN, 0, Integer.MAX_VALUE);
        }

        boolean on() { return repetition != 1 || frequency != 0 || presence != 0; }
    }

    /// "Don't repeat yourself": a token that would extend a repetition of at least
    /// `allowedLength` tokens loses multiplier * base^(length - allowedLength).
    ///
    /// @param lastN    tokens of prompt and output that are searched; 0 for all of them
    /// @param breakers texts that a repetition does not reach across
    public record Dry(float multiplier, float base, int allowedLength, int lastN,
            List<String> breakers) {
        public static final Dry OFF =
                new Dry(0, 1.75f, 2, 0, List.of("\n", ":", "\"", "*"));

        public Dry {
            within("dry.multiplier", multiplier, 0, 100);
            within("dry.base", base, 1, 100);
            within("dry.allowedLength", allowedLength, 1, Integer.MAX_VALUE);
            within("dry.lastN", lastN, 0, Integer.MAX_VALUE);
            breakers = List.copyOf(breakers);
            if (breakers.size() > 64 || breakers.contains("")) {
                throw new IllegalArgumentException(
                        "dry.breakers=" + breakers + ", allowed: at most 64 texts, none empty");
            }
        }

        boolean on() { return multiplier > 0; }
    }

    /// Written out because the last check asks the finished record which steps are on.
    public SamplingParams(float temperature, DynamicTemperature dynamicTemperature, int topK,
            float topP, float minP, float typicalP, float topNSigma, Xtc xtc, Mirostat mirostat,
            Penalties penalties, Dry dry, Map<Integer, Float> logitBias, long seed, int minTokens,
            boolean ignoreEos, List<SamplerStep> order, boolean logprobs, int topLogprobs) {
        within("temperature", temperature, 0, 100);
        within("topK", topK, 0, Integer.MAX_VALUE);
        within("topP", topP, 0, 1);
        within("minP", minP, 0, 1);
        within("typicalP", typicalP, 0, 1);
        within("topNSigma", topNSigma, 0, 1000);
        within("minTokens", minTokens, 0, Integer.MAX_VALUE);
        within("topLogprobs", topLogprobs, 0, logprobs ? MAX_TOP_LOGPROBS : 0);
        logitBias.forEach(SamplingParams::checkBias);
        this.temperature = temperature;
        this.dynamicTemperature = dynamicTemperature;
        this.topK = topK;
        this.topP = topP;
        this.minP = minP;
        this.typicalP = typicalP;
        this.topNSigma = topNSigma;
        this.xtc = xtc;
        this.mirostat = mirostat;
        this.penalties = penalties;
        this.dry = dry;
        this.logitBias = Map.copyOf(logitBias);
        this.seed = seed;
        this.minTokens = minTokens;
        this.ignoreEos = ignoreEos;
        this.order = List.copyOf(order);
        this.logprobs = logprobs;
        this.topLogprobs = topLogprobs;
        checkOrder();
    }

    private void checkOrder() {
        var steps = EnumSet.noneOf(SamplerStep.class);
        for (SamplerStep step : order) {
            if (!steps.add(step)) {
                throw new IllegalArgumentException("order=" + order + ", " + step + " comes twice");
            }
        }
        for (SamplerStep step : SamplerStep.values()) {
            if (!isOn(step)) {
                continue;
            }
            if (!steps.contains(step)) {
                throw new IllegalArgumentException(
                        "order=" + order + " lacks " + step + ", which is on");
            }
            if (mirostat.on() && truncates(step)) {
                throw new IllegalArgumentException("mirostat.version=" + mirostat.version()
                        + " takes the place of truncation, but " + step + " is on");
            }
        }
    }

    /// Temperature 1 and everything else off: the model's own distribution. The seed is random;
    /// [#seed] tells which, so that a run can be repeated.
    public static SamplingParams defaults() {
        return new SamplingParams(1, DynamicTemperature.OFF, 0, 1, 0, 1, 0, Xtc.OFF, Mirostat.OFF,
                Penalties.OFF, Dry.OFF, Map.of(), ThreadLocalRandom.current().nextLong(), 0, false,
                SamplerStep.DEFAULT_ORDER, false, 0);
    }

    /// The most likely token each time.
    public static SamplingParams greedy() {
        return defaults().withTemperature(0).withSeed(0);
    }

    /// Whether a step would do anything.
    boolean isOn(SamplerStep step) {
        return switch (step) {
            case PENALTIES -> penalties.on();
            case DRY -> dry.on();
            case TEMPERATURE -> temperature != 1 || dynamicTemperature.range() > 0;
            case TOP_N_SIGMA -> topNSigma > 0;
            case MIN_P -> minP > 0;
            case TOP_K -> topK > 0;
            case TYPICAL_P -> typicalP < 1;
            case TOP_P -> topP < 1;
            case XTC -> xtc.on();
        };
    }

    private static boolean truncates(SamplerStep step) {
        return switch (step) {
            case PENALTIES, DRY, TEMPERATURE -> false;
            case TOP_N_SIGMA, MIN_P, TOP_K, TYPICAL_P, TOP_P, XTC -> true;
        };
    }

    private static void checkBias(int tokenId, float bias) {
        if (tokenId < 0 || !(bias == Float.NEGATIVE_INFINITY || Math.abs(bias) <= 100)) {
            throw new IllegalArgumentException("logitBias[" + tokenId + "]=" + bias
                    + ", allowed: token ids from 0, values -100 to 100 or -Infinity");
        }
    }

    private static void within(String field, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new IllegalArgumentException("%s=%s, allowed: %s to %s"
                    .formatted(field, plain(value), plain(least), plain(most)));
        }
    }

    private static String plain(double value) {
        return value == (long) value ? Long.toString((long) value) : Float.toString((float) value);
    }

    public SamplingParams withTemperature(float temperature) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withDynamicTemperature(DynamicTemperature dynamicTemperature) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withTopK(int topK) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withTopP(float topP) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withMinP(float minP) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withTypicalP(float typicalP) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withTopNSigma(float topNSigma) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withXtc(Xtc xtc) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withMirostat(Mirostat mirostat) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withPenalties(Penalties penalties) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withDry(Dry dry) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withLogitBias(Map<Integer, Float> logitBias) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withSeed(long seed) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withMinTokens(int minTokens) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withIgnoreEos(boolean ignoreEos) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    public SamplingParams withOrder(List<SamplerStep> order) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, logprobs, topLogprobs);
    }

    /// Each token's log-probability, and those of the `top` most likely tokens.
    public SamplingParams withLogprobs(int top) {
        return new SamplingParams(temperature, dynamicTemperature, topK, topP, minP, typicalP,
                topNSigma, xtc, mirostat, penalties, dry, logitBias, seed, minTokens, ignoreEos,
                order, true, top);
    }
}
