package dev.sluice.bridge.llama;

import dev.sluice.runtime.GenerateRequest;
import dev.sluice.runtime.SamplingParams;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// How an answer is generated, by llama-server's names: `generation_settings` of an answer and
/// `params` of a slot. The values are those in effect: a step that `samplers` leaves out shows its
/// neutral value, and `seed` is the one drawn where none was given, so that a run can be repeated.
final class GenerationSettings {
    private GenerationSettings() { }

    /// @param predict tokens asked for, -1 for as many as fit
    static Map<String, Object> of(SamplingParams params, int predict, List<String> stops) {
        var settings = new LinkedHashMap<String, Object>();
        settings.put("seed", params.seed());
        settings.put("temperature", params.temperature());
        settings.put("dynatemp_range", params.dynamicTemperature().range());
        settings.put("dynatemp_exponent", params.dynamicTemperature().exponent());
        settings.put("top_k", params.topK());
        settings.put("top_p", params.topP());
        settings.put("min_p", params.minP());
        settings.put("top_n_sigma", params.topNSigma() == 0 ? -1 : params.topNSigma());
        settings.put("xtc_probability", params.xtc().probability());
        settings.put("xtc_threshold", params.xtc().threshold());
        settings.put("typical_p", params.typicalP());
        repetition(settings, params);
        settings.put("mirostat", params.mirostat().version());
        settings.put("mirostat_tau", params.mirostat().tau());
        settings.put("mirostat_eta", params.mirostat().eta());
        settings.put("stop", stops);
        settings.put("max_tokens", predict);
        settings.put("n_predict", predict);
        settings.put("n_keep", 0);
        settings.put("n_discard", 0);
        settings.put("ignore_eos", params.ignoreEos());
        settings.put("stream", false);
        settings.put("logit_bias", bias(params.logitBias()));
        settings.put("n_probs", params.topLogprobs());
        settings.put("min_keep", 0);
        settings.put("grammar", "");
        settings.put("samplers", SamplerNames.names(params.order()));
        settings.put("timings_per_token", false);
        settings.put("post_sampling_probs", false);
        settings.put("lora", List.of());
        return settings;
    }

    private static void repetition(Map<String, Object> settings, SamplingParams params) {
        SamplingParams.Penalties penalties = params.penalties();
        settings.put("repeat_last_n", penalties.lastN());
        settings.put("repeat_penalty", penalties.repetition());
        settings.put("presence_penalty", penalties.presence());
        settings.put("frequency_penalty", penalties.frequency());
        SamplingParams.Dry dry = params.dry();
        settings.put("dry_multiplier", dry.multiplier());
        settings.put("dry_base", dry.base());
        settings.put("dry_allowed_length", dry.allowedLength());
        settings.put("dry_penalty_last_n", dry.lastN());
        settings.put("dry_sequence_breakers", dry.breakers());
    }

    /// A ban is `null`, as JSON has no infinity.
    private static List<Object> bias(Map<Integer, Float> biases) {
        var list = new ArrayList<Object>();
        new TreeMap<>(biases).forEach((token, bias) -> {
            var entry = new LinkedHashMap<String, Object>();
            entry.put("bias", bias == Float.NEGATIVE_INFINITY ? null : bias);
            entry.put("token", token);
            list.add(entry);
        });
        return list;
    }

    /// Of a request that came by any protocol.
    static Map<String, Object> of(GenerateRequest request) {
        int most = request.maxTokens();
        return of(request.sampling(), most == Integer.MAX_VALUE ? -1 : most,
                request.stopStrings());
    }

    /// Of a completion, with what it alone says.
    static Map<String, Object> of(CompletionBody body) {
        Map<String, Object> settings = of(
                body.settings().sampling(), body.predict(), body.settings().stops());
        settings.put("n_keep", body.keep());
        settings.put("stream", body.shape().stream());
        settings.put("grammar", body.shownGrammar());
        settings.put("timings_per_token", body.shape().timings());
        return settings;
    }
}
