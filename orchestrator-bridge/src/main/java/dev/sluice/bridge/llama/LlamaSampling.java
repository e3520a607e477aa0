package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.models.tokenizer.Tokenizer.Special;
import dev.sluice.runtime.SamplerStep;
import dev.sluice.runtime.SamplingParams;
import dev.sluice.runtime.SamplingParams.Dry;
import dev.sluice.runtime.SamplingParams.DynamicTemperature;
import dev.sluice.runtime.SamplingParams.Mirostat;
import dev.sluice.runtime.SamplingParams.Penalties;
import dev.sluice.runtime.SamplingParams.Scope;
import dev.sluice.runtime.SamplingParams.Xtc;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The sampling fields of `/completion`, with llama-server's names, defaults and ways to switch a
/// step off. A step that `samplers` does not list is off. Mirostat takes the place of every other
/// step but the temperature, as there.
final class LlamaSampling {
    /// llama-server's mark of a random seed.
    static final long RANDOM_SEED = 0xffff_ffffL;
    private static final int MOST_TOKENS = Integer.MAX_VALUE;

    private final Fields fields;
    private final List<SamplerStep> order;

    private LlamaSampling(Fields fields) {
        this.fields = fields;
        order = SamplerNames.read(fields);
    }

    static SamplingParams read(Fields fields, Tokenizer tokenizer) {
        // One token is always kept.
        if (fields.integer("min_keep", 0, Integer.MAX_VALUE).orElse(0) > 1) {
            throw ApiException.invalid("min_keep", "min_keep: more than 1 is not supported");
        }
        fields.only("post_sampling_probs", false);
        if (fields.number("adaptive_target", -1000, 1).orElse(-1) >= 0) {
            throw ApiException.invalid("adaptive_target", "adaptive_target is not supported");
        }
        fields.ignore("adaptive_decay", "backend_sampling");
        SamplingParams params = new LlamaSampling(fields).params()
                .withLogitBias(logitBias(fields, tokenizer))
                .withIgnoreEos(fields.flag("ignore_eos", false));
        Object seed = fields.any("seed").orElse(RANDOM_SEED);
        if (!(seed instanceof Long number)) {
            throw fields.wrong("seed", "an integer", seed);
        }
        params = number == -1 || number == RANDOM_SEED ? params : params.withSeed(number);
        int top = fields.integer("n_probs", 0, SamplingParams.MAX_TOP_LOGPROBS).orElse(0);
        return top > 0 ? params.withLogprobs(top) : params;
    }

    private boolean runs(SamplerStep step) { return order.contains(step); }

    private float number(String name, double absent, double min, double max) {
        return (float) fields.number(name, min, max).orElse(absent);
    }

    private SamplingParams params() {
        SamplingParams params = SamplingParams.defaults().withOrder(order);
        float temperature = Math.max(0, number("temperature", 0.8, -1000, 100));
        float range = number("dynatemp_range", 0, 0, 100);
        float exponent = number("dynatemp_exponent", 1, 0, 100);
        int topK = Math.max(0, fields.integer("top_k", -1, MOST_TOKENS).orElse(40));
        float topP = Math.min(1, number("top_p", 0.95, 0, 1000));
        float minP = number("min_p", 0.05, 0, 1);
        float typicalP = Math.min(1, number("typical_p", 1, 0, 1000));
        float topNSigma = Math.max(0, number("top_n_sigma", -1, -1000, 1000));
        var xtc = new Xtc(number("xtc_probability", 0, 0, 1), number("xtc_threshold", 0.1, 0, 1));
        Penalties penalties = penalties();
        Dry dry = dry();
        Mirostat mirostat = mirostat();
        if (runs(SamplerStep.TEMPERATURE) || mirostat.version() > 0) {
            params = params.withTemperature(temperature)
                    .withDynamicTemperature(new DynamicTemperature(range, exponent));
        }
        if (mirostat.version() > 0) {
            return params.withOrder(List.of(SamplerStep.TEMPERATURE)).withMirostat(mirostat);
        }
        return params.withTopK(runs(SamplerStep.TOP_K) ? topK : 0)
                .withTopP(runs(SamplerStep.TOP_P) ? topP : 1)
                .withMinP(runs(SamplerStep.MIN_P) ? minP : 0)
                .withTypicalP(runs(SamplerStep.TYPICAL_P) ? typicalP : 1)
                .withTopNSigma(runs(SamplerStep.TOP_N_SIGMA) ? topNSigma : 0)
                .withXtc(runs(SamplerStep.XTC) ? xtc : Xtc.OFF)
                .withPenalties(runs(SamplerStep.PENALTIES) ? penalties : Penalties.OFF)
                .withDry(runs(SamplerStep.DRY) ? dry : Dry.OFF);
    }

    private Penalties penalties() {
        float repeat = number("repeat_penalty", 1, 0.01, 100);
        float frequency = number("frequency_penalty", 0, -2, 2);
        float presence = number("presence_penalty", 0, -2, 2);
        int last = fields.integer("repeat_last_n", -1, MOST_TOKENS).orElse(64);
        return last == 0 ? Penalties.OFF : new Penalties(
                repeat, frequency, presence, Scope.PROMPT_AND_OUTPUT, Math.max(0, last));
    }

    private Dry dry() {
        float multiplier = number("dry_multiplier", 0, 0, 100);
        float base = number("dry_base", 1.75, 1, 100);
        int allowed = fields.integer("dry_allowed_length", 1, MOST_TOKENS).orElse(2);
        int last = fields.integer("dry_penalty_last_n", -1, MOST_TOKENS).orElse(64);
        List<String> breakers = fields.has("dry_sequence_breakers")
                ? fields.texts("dry_sequence_breakers") : Dry.OFF.breakers();
        fields.ignore("dry_sequence_breakers");
        if (breakers.size() > 64 || breakers.contains("")) {
            throw ApiException.invalid("dry_sequence_breakers",
                    "dry_sequence_breakers: at most 64 texts, and no empty one");
        }
        return new Dry(last == 0 ? 0 : multiplier, base, allowed, Math.max(0, last), breakers);
    }

    private Mirostat mirostat() {
        return new Mirostat(fields.integer("mirostat", 0, 2).orElse(0),
                number("mirostat_tau", 5, 0, 100), number("mirostat_eta", 0.1, 0, 1));
    }

    // ---- bias --------------------------------------------------------------------------------

    /// `[[token, bias], ..]` or `{token: bias, ..}`; a token is an id or a text, whose tokens all
    /// get the bias, and a bias of `false` bans.
    private static Map<Integer, Float> logitBias(Fields fields, Tokenizer tokenizer) {
        var biases = new HashMap<Integer, Float>();
        Object given = fields.any("logit_bias").orElse(List.of());
        if (given instanceof Map<?, ?> map) {
            map.forEach((token, bias) -> {
                boolean id = token.toString().matches("[0-9]{1,9}");
                put(fields, biases, tokens(fields, tokenizer,
                        id ? (Object) Long.valueOf(token.toString()) : token), bias);
            });
            return biases;
        }
        for (Object entry : fields.list("logit_bias")) {
            if (!(entry instanceof List<?> pair) || pair.size() != 2) {
                throw fields.wrong("logit_bias", "an array of [token, bias]", entry);
            }
            put(fields, biases, tokens(fields, tokenizer, pair.get(0)), pair.get(1));
        }
        return biases;
    }

    private static int[] tokens(Fields fields, Tokenizer tokenizer, Object token) {
        if (token instanceof Long id && id >= 0 && id < tokenizer.vocabSize()) {
            return new int[] {id.intValue()};
        }
        if (token instanceof String text) {
            return tokenizer.encode(text, Special.AS_TEXT);
        }
        throw fields.wrong("logit_bias", "tokens as ids below " + tokenizer.vocabSize()
                + " or as texts", token);
    }

    private static void put(Fields fields, Map<Integer, Float> biases, int[] tokens, Object bias) {
        float value;
        if (Boolean.FALSE.equals(bias)) {
            value = Float.NEGATIVE_INFINITY;
        } else if (bias instanceof Number number && Math.abs(number.doubleValue()) <= 100) {
            value = number.floatValue();
        } else {
            throw fields.wrong("logit_bias", "biases from -100 to 100, or false", bias);
        }
        for (int token : tokens) {
            biases.put(token, value);
        }
    }
}
