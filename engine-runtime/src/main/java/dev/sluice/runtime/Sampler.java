package dev.sluice.runtime;

import dev.sluice.kernels.Matrix;
import dev.sluice.runtime.CounterRandom.Draw;
import dev.sluice.runtime.SamplingParams.DynamicTemperature;
import java.util.Map;

/// From a row of logits to a token. Holds buffers for one vocabulary and nothing about sequences,
/// which bring their [SamplingState]. Engine thread only.
///
/// In this order: token mask, banned tokens, logit bias; the steps of [SamplingParams#order];
/// Mirostat; the draw. Values are f32, sums f64, equal values go to the lower token id. With z the
/// logits and p their softmax over the tokens still there:
///
///     temperature   z / T; T = 0 keeps the largest z only
///     dynamic       T = low + (T + range - low) * (H / ln n)^exponent, low = max(0, T - range)
///     top-n-sigma   z >= max - n * sigma(z)
///     min-p         z >= max + ln P
///     top-k         the k largest
///     typical-p     by |-ln p - H| ascending, until the sum of p exceeds P
///     top-p         by p descending, until the sum of p reaches P
///     xtc           with the given probability, of those with p >= t only the least likely stays
///     draw          first id whose running sum of p exceeds u
///
/// u comes from [CounterRandom], keyed by what is drawn and not by how many draws there were.
public final class Sampler {
    private static final int[] NOTHING_BANNED = {};

    private final int vocab;
    private final Candidates candidates;
    private final RepeatPenalties penalties;
    private final DryPenalty dry;

    /// A sampler of the token ids below `vocab`. Logits may have more columns, which are padding.
    public Sampler(int vocab) {
        this.vocab = vocab;
        candidates = new Candidates(vocab);
        penalties = new RepeatPenalties(vocab);
        dry = new DryPenalty(vocab);
    }

    public int vocab() { return vocab; }

    /// Draws the token that follows `state.history()` from row `row` of `logits` [*, >= vocab].
    /// The caller appends it to the history.
    public int sample(Matrix logits, int row, SamplingState state) {
        candidates.load(logits, row, state.history().size());
        return draw(state, NOTHING_BANNED);
    }

    /// The same with tokens that may not come: those outside `mask`, and the `banned` ones.
    public int sample(Matrix logits, int row, SamplingState state, TokenMask mask, int[] banned) {
        candidates.load(logits, row, state.history().size());
        candidates.forbidOutside(mask);
        return draw(state, banned);
    }

    /// The same with `banned` tokens only.
    public int sample(Matrix logits, int row, SamplingState state, int[] banned) {
        candidates.load(logits, row, state.history().size());
        return draw(state, banned);
    }

    private int draw(SamplingState state, int[] banned) {
        SamplingParams params = state.params();
        int position = state.history().size();
        for (int tokenId : banned) {
            if (tokenId < vocab) {
                candidates.ban(tokenId);
            }
        }
        if (!params.logitBias().isEmpty()) {
            addBias(params.logitBias());
        }
        candidates.dropForbidden(countsTokens(params));
        if (candidates.count() == 0 || candidates.max() == Float.NEGATIVE_INFINITY) {
            throw new SamplingException(position, "every token is forbidden");
        }
        for (SamplerStep step : state.steps()) {
            apply(step, state, position);
        }
        if (params.mirostat().on()) {
            state.mirostat().truncate(candidates, vocab);
        }
        return pick(state, position);
    }

    /// Whether a step takes a mean over the tokens, counts them, or looks for the least likely.
    private static boolean countsTokens(SamplingParams params) {
        return params.dynamicTemperature().range() > 0 || params.topNSigma() > 0
                || params.typicalP() < 1 || params.xtc().probability() > 0
                || params.mirostat().on();
    }

    private int pick(SamplingState state, int position) {
        SamplingParams params = state.params();
        if (candidates.count() == 1 && !params.mirostat().on()) {
            return candidates.id(0);
        }
        float max = candidates.max();
        double mass = candidates.mass(max);
        double u = CounterRandom.uniform(params.seed(), state.choice(), position, Draw.TOKEN);
        int index = candidates.pick(max, mass, u);
        if (params.mirostat().on()) {
            double weight = Exponential.exp((double) candidates.logit(index) - max);
            state.mirostat().observe(weight / mass);
        }
        return candidates.id(index);
    }

    private void addBias(Map<Integer, Float> bias) {
        for (Map.Entry<Integer, Float> entry : bias.entrySet()) {
            int tokenId = entry.getKey();
            if (tokenId < vocab) {
                candidates.logit(tokenId, candidates.logit(tokenId) + entry.getValue());
            }
        }
    }

    private void apply(SamplerStep step, SamplingState state, int position) {
        SamplingParams params = state.params();
        switch (step) {
            case PENALTIES -> penalties.apply(params.penalties(), state.history(), candidates);
            case DRY -> dry.apply(params.dry(), state.breakers(), state.history(), candidates);
            case TEMPERATURE -> temper(params);
            case TOP_N_SIGMA -> topNSigma(params.topNSigma());
            case MIN_P -> candidates.keepAtLeast(candidates.max() + Math.log(params.minP()));
            case TOP_K -> candidates.keepTop(params.topK());
            case TYPICAL_P -> typical(params.typicalP());
            case TOP_P -> candidates.keepMostLikely(params.topP());
            case XTC -> xtc(params, state.choice(), position);
        }
    }

    private void temper(SamplingParams params) {
        float temperature = params.temperature();
        DynamicTemperature dynamic = params.dynamicTemperature();
        if (temperature > 0 && dynamic.range() > 0 && candidates.count() > 1) {
            float max = candidates.max();
            double entropy = candidates.entropy(max, candidates.mass(max));
            double low = Math.max(0, temperature - dynamic.range());
            double high = temperature + dynamic.range();
            double share = entropy / Math.log(candidates.count());
            temperature = (float) (low + (high - low) * Math.pow(share, dynamic.exponent()));
        }
        if (temperature > 0) {
            candidates.scale(temperature);
        } else {
            candidates.keepOnly(candidates.argmax());
        }
    }

    private void topNSigma(float n) {
        int count = candidates.count();
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += candidates.logit(i);
        }
        double mean = sum / count;
        double squares = 0;
        for (int i = 0; i < count; i++) {
            double off = candidates.logit(i) - mean;
            squares += off * off;
        }
        candidates.keepAtLeast(candidates.max() - n * Math.sqrt(squares / count));
    }

    private void typical(float share) {
        float max = candidates.max();
        double mass = candidates.mass(max);
        candidates.keepTypical(max, mass, candidates.entropy(max, mass), share * mass);
    }

    private void xtc(SamplingParams params, int choice, int position) {
        double u = CounterRandom.uniform(params.seed(), choice, position, Draw.XTC);
        if (u <= params.xtc().probability() && candidates.count() > 1) {
            float max = candidates.max();
            double likely = params.xtc().threshold() * candidates.mass(max);
            candidates.dropAllButLastAbove(max + Math.log(likely));
        }
    }
}
