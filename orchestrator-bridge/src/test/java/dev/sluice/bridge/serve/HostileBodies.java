package dev.sluice.bridge.serve;

import dev.sluice.models.json.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A valid body with nearly every field for each route that takes one: what hostile requests are
/// made of. A route that is not listed gets all the fields of the others.
final class HostileBodies {
    private static final String SAMPLING = """
            "temperature":0.5,"top_p":0.9,"top_k":20,"min_p":0.01,"typical_p":0.9,"seed":7,
            "presence_penalty":0.1,"frequency_penalty":0.1,"logit_bias":{"5":1},
            "stop":["###"],"ignore_eos":false,""";
    private static final String TOOL = """
            {"type":"object","properties":{"city":{"type":"string","pattern":"[a-z]{1,8}"},
            "days":{"type":"integer","minimum":1,"maximum":9}},"required":["city"],
            "additionalProperties":false}""";
    private static final String SCHEMA = """
            {"type":"object","properties":{"a":{"type":"string","maxLength":5},
            "b":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/x"}]}},"required":["a"],
            "$defs":{"x":{"enum":[1,2,3]}}}""";

    private static final Map<String, String> BODIES = new LinkedHashMap<>();

    static {
        BODIES.put("POST /v1/chat/completions", """
                {"model":"tiny","messages":[{"role":"system","content":"Be brief."},
                {"role":"user","content":[{"type":"text","text":"Hello"}],"name":"me"}],
                """ + SAMPLING + """
                "max_tokens":6,"max_completion_tokens":6,"n":2,"stream":true,
                "stream_options":{"include_usage":true},"logprobs":true,"top_logprobs":2,
                "repetition_penalty":1.1,"min_tokens":1,"parallel_tool_calls":false,
                "tool_choice":"auto","priority":1,"program_id":"p","cache_salt":"s",
                "metadata":{"k":"v"},"user":"u","service_tier":"auto",
                "chat_template_kwargs":{"enable_thinking":false},"reasoning_effort":"low",
                "tools":[{"type":"function","function":{"name":"weather","description":"d",
                "strict":true,"parameters":""" + TOOL + "}}]}");
        BODIES.put("POST /v1/chat/completions ", """
                {"model":"tiny","messages":[{"role":"user","content":"Hello"}],"max_tokens":12,
                "response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,
                "schema":""" + SCHEMA + "}}}");
        BODIES.put("POST /v1/completions", """
                {"model":"tiny","prompt":["Hello",[1,2,3]],""" + SAMPLING + """
                "max_tokens":6,"n":2,"best_of":2,"stream":true,"logprobs":2,"suffix":"",
                "stream_options":{"include_usage":true},"cache_salt":"s"}""");
        BODIES.put("POST /v1/responses", """
                {"model":"tiny","input":[{"role":"user","content":"Hello"}],"instructions":"Do.",
                "temperature":0.5,"top_p":0.9,"max_output_tokens":6,"stream":true,"store":false,
                "tool_choice":"auto","parallel_tool_calls":true,"truncation":"disabled",
                "text":{"format":{"type":"json_schema","name":"n","schema":""" + SCHEMA + """
                }},"metadata":{"k":"v"},"tools":[{"type":"function","name":"weather",
                "parameters":""" + TOOL + "}]}");
        BODIES.put("POST /v1/messages", """
                {"model":"tiny","max_tokens":6,"system":[{"type":"text","text":"Be brief.",
                "cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user",
                "content":[{"type":"text","text":"Hello"}]}],"temperature":0.5,"top_p":0.9,
                "top_k":9,"stop_sequences":["###"],"stream":true,"metadata":{"user_id":"u"},
                "tool_choice":{"type":"auto"},"tools":[{"name":"weather","description":"d",
                "input_schema":""" + TOOL + "}]}");
        BODIES.put("POST /v1/messages/count_tokens", """
                {"model":"tiny","system":"Be brief.","messages":[{"role":"user",
                "content":"Hello"},{"role":"assistant","content":"Hi"}],"tools":[{"name":"weather",
                "input_schema":""" + TOOL + "}]}");
        BODIES.put("POST /v1/embeddings", """
                {"model":"vectors","input":["Hello",[5,6]],"encoding_format":"base64",
                "dimensions":24,"user":"u"}""");
        String rerank = """
                {"model":"ranks","query":"Hello","documents":["one",{"text":"two"}],"top_n":2,
                "return_documents":true}""";
        for (String path : List.of("/v1/rerank", "/rerank", "/v1/reranking", "/reranking")) {
            BODIES.put("POST " + path, rerank);
        }
        String completion = """
                {"prompt":"Hello","n_predict":6,"n_probs":2,"cache_prompt":true,"id_slot":-1,
                "samplers":["top_k","temperature"],"stream":true,"return_tokens":true,
                "timings_per_token":true,"n_keep":0,"repeat_penalty":1.1,"repeat_last_n":9,
                "mirostat":0,"mirostat_tau":5,"mirostat_eta":0.1,"dry_multiplier":0.5,
                "dry_base":1.75,"dry_allowed_length":2,"dry_penalty_last_n":-1,
                "dry_sequence_breakers":["x"],"xtc_probability":0.1,"xtc_threshold":0.2,
                "dynatemp_range":0.1,"dynatemp_exponent":1,"top_n_sigma":1.0,"n":1,
                "t_max_predict_ms":100,"response_fields":["content"],
                """ + SAMPLING + "\"grammar\":\"root ::= [a-z]{1,5}\"}";
        BODIES.put("POST /completion", completion);
        BODIES.put("POST /completions", completion);
        BODIES.put("POST /infill", """
                {"input_prefix":"a","input_suffix":"b","prompt":"c","n_predict":4,
                "input_extra":[{"filename":"f","text":"t"}]}""");
        BODIES.put("POST /tokenize",
                "{\"content\":\"Hello\",\"add_special\":true,\"with_pieces\":true}");
        BODIES.put("POST /detokenize", "{\"tokens\":[1,2,3]}");
        BODIES.put("POST /apply-template",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}");
        BODIES.put("POST /slots/{id}", "{\"filename\":\"saved\",\"model\":\"tiny\"}");
    }

    private HostileBodies() { }

    /// A JSON object that the route takes, or, for a route that is not known here, every field.
    static Map<String, Object> of(String route, boolean second) {
        String body = second ? BODIES.getOrDefault(route + " ", BODIES.get(route))
                : BODIES.get(route);
        return body == null ? everything() : object(body);
    }

    static Map<String, Object> everything() {
        var all = new LinkedHashMap<String, Object>();
        BODIES.values().forEach(body -> all.putAll(object(body)));
        return all;
    }

    private static Map<String, Object> object(String json) {
        var object = new LinkedHashMap<String, Object>();
        ((Map<?, ?>) Json.parse(json)).forEach((key, value) -> object.put((String) key, value));
        return object;
    }
}
