package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelFacts;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.runtime.SamplerStep;
import dev.sluice.runtime.SamplingParams;
import dev.sluice.runtime.SamplingParams.Dry;
import dev.sluice.runtime.SamplingParams.Penalties;
import dev.sluice.runtime.SamplingParams.Scope;
import dev.sluice.runtime.toolcall.TemplateArguments;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `GET /props`, `GET /health`, and what llama-server adds to `/v1/models`. Any thread.
public final class ServerProperties {
    private final ModelHost host;
    private final SlotFolder folder;

    ServerProperties(ModelHost host, SlotFolder folder) {
        this.host = host;
        this.folder = folder;
    }

    /// 503 while the default model is loading; one that was unloaded is loaded when it is needed.
    void health(Call call) {
        boolean loading = host.list().getFirst().state().equals("loading");
        if (loading) {
            call.exchange().responseHeader("Retry-After", "1");
            JsonReply.send(call.exchange(), 503,
                    LlamaErrors.body(503, "Loading model", "unavailable_error"));
        } else {
            JsonReply.send(call.exchange(), 200, Map.of("status", "ok"));
        }
    }

    void props(Call call) {
        String name = call.exchange().query("model").orElse("");
        try (ModelHost.Lease lease = host.acquire(name)) {
            HostedModel model = lease.model();
            var props = new LinkedHashMap<String, Object>();
            var defaults = new LinkedHashMap<String, Object>();
            Map<String, Object> params = GenerationSettings.of(
                    defaultSampling(), -1, List.of());
            params.put("seed", LlamaSampling.RANDOM_SEED);
            defaults.put("params", params);
            defaults.put("n_ctx", model.engine().contextLimit());
            props.put("default_generation_settings", defaults);
            props.put("total_slots", model.slots().count());
            props.put("model_alias", model.name());
            props.put("model_ftype", model.facts().encoding());
            props.put("model_path", model.facts().path().toString());
            props.put("modalities", Map.of("vision", false, "video", false, "audio", false));
            props.put("endpoint_slots", true);
            props.put("endpoint_slot_files", folder.isOpen());
            props.put("endpoint_props", false);
            props.put("chat_template", model.templateSource());
            props.put("chat_template_caps", capabilities(model));
            props.put("tool_format", model.toolFormatName());
            props.put("bos_token", model.tokenizer().bosText());
            props.put("eos_token", model.tokenizer().eosText());
            props.put("build_info", "sluice");
            props.put("is_sleeping", false);
            JsonReply.send(call.exchange(), 200, props);
        }
    }

    /// What a completion that says nothing is drawn with.
    private static SamplingParams defaultSampling() {
        return SamplingParams.defaults().withOrder(SamplerStep.LLAMA_CPP_ORDER)
                .withTemperature(0.8f).withTopK(40).withTopP(0.95f).withMinP(0.05f)
                .withPenalties(new Penalties(1, 0, 0, Scope.PROMPT_AND_OUTPUT, 64))
                .withDry(new Dry(0, 1.75f, 2, 64, Dry.OFF.breakers()));
    }

    private static Map<String, Object> capabilities(HostedModel model) {
        var capabilities = new LinkedHashMap<String, Object>();
        capabilities.put("supports_tools", model.callsTools());
        capabilities.put("supports_tool_calls", model.callsTools());
        capabilities.put("supports_object_arguments",
                model.callsTools() && model.arguments() == TemplateArguments.OBJECT);
        capabilities.put("supports_string_content", true);
        capabilities.put("supports_typed_content", false);
        capabilities.put("supports_reasoning_effort",
                model.templateSource().contains("reasoning_effort"));
        return capabilities;
    }

    /// The `meta` of an entry of `/v1/models`.
    public static Map<String, Object> meta(HostedModel model) {
        ModelFacts facts = model.facts();
        var meta = new LinkedHashMap<String, Object>();
        meta.put("vocab_type", switch (facts.vocabularyKind()) {
            case "llama" -> 1;
            case "gpt2" -> 2;
            case "bert" -> 3;
            default -> 0;
        });
        meta.put("n_vocab", facts.vocab());
        meta.put("n_ctx", model.engine().contextLimit());
        meta.put("n_ctx_train", facts.contextLength());
        meta.put("n_embd", facts.hidden());
        meta.put("n_params", facts.parameters());
        meta.put("size", facts.weightBytes());
        meta.put("ftype", facts.encoding());
        return meta;
    }
}
