package dev.sluice.bridge.chat;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.runtime.SamplingParams;
import dev.sluice.runtime.SamplingParams.Penalties;
import java.util.HashMap;
import java.util.Map;

/// The sampling fields that the OpenAI protocols share, and the ones that vLLM and llama.cpp added
/// to them.
public final class SamplingFields {
    private SamplingFields() { }

    /// Reads them off a request. Defaults are OpenAI's: temperature 1, everything kept.
    public static SamplingParams read(Fields fields) {
        SamplingParams params = SamplingParams.defaults();
        params = params.withTemperature((float) fields.number("temperature", 0, 2).orElse(1))
                .withTopP((float) fields.number("top_p", 0, 1).orElse(1))
                .withTopK(fields.integer("top_k", -1, Integer.MAX_VALUE).stream()
                        .map(k -> Math.max(0, k)).findFirst().orElse(0))
                .withMinP((float) fields.number("min_p", 0, 1).orElse(0))
                .withTypicalP((float) fields.number("typical_p", 0, 1).orElse(1))
                .withPenalties(penalties(fields))
                .withLogitBias(logitBias(fields))
                .withMinTokens(fields.integer("min_tokens", 0, Integer.MAX_VALUE).orElse(0))
                .withIgnoreEos(fields.flag("ignore_eos", false));
        if (fields.has("seed")) {
            params = params.withSeed(seed(fields));
        }
        return params;
    }

    private static long seed(Fields fields) {
        Object value = fields.any("seed").orElse(0L);
        if (value instanceof Long seed) {
            return seed;
        }
        throw fields.wrong("seed", "a 64-bit integer", value);
    }

    private static Penalties penalties(Fields fields) {
        return new Penalties(
                (float) fields.number("repetition_penalty", 0.01, 100).orElse(1),
                (float) fields.number("frequency_penalty", -2, 2).orElse(0),
                (float) fields.number("presence_penalty", -2, 2).orElse(0),
                SamplingParams.Scope.OUTPUT, 0);
    }

    private static Map<Integer, Float> logitBias(Fields fields) {
        var biases = new HashMap<Integer, Float>();
        fields.object("logit_bias").ifPresent(object -> {
            for (String token : object.values().keySet()) {
                double bias = object.number(token, -100, 100).orElse(0);
                // OpenAI promises that -100 bans a token.
                biases.put(tokenId(object, token),
                        bias == -100 ? Float.NEGATIVE_INFINITY : (float) bias);
            }
        });
        return biases;
    }

    private static int tokenId(Fields object, String token) {
        try {
            return Integer.parseUnsignedInt(token);
        } catch (NumberFormatException e) {
            throw ApiException.invalid(object.path(token), "logit_bias: '" + token
                    + "' is not a token id");
        }
    }
}
