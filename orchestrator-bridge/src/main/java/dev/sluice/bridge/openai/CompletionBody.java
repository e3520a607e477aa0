package dev.sluice.bridge.openai;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.OutputRule;
import dev.sluice.bridge.chat.SamplingFields;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.SamplingParams;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The body of `/v1/completions`.
///
/// @param prompts  a text (`String`) or token ids (`int[]`) each
/// @param echo     whether the prompt's text comes before the answer
record CompletionBody(String model, List<Object> prompts, boolean echo, boolean stream,
        boolean includeUsage, ChatRequest.Settings settings) {
    private static final int PROMPTS_MAX = 256;
    private static final int CHOICES_MAX = 128;
    private static final int DEFAULT_TOKENS = 16;

    static CompletionBody read(Fields fields, String client) {
        CommonFields.harmless(fields);
        fields.only("suffix", "");
        SamplingParams sampling = SamplingFields.read(fields);
        boolean echo = fields.flag("echo", false);
        if (fields.has("logprobs")) {
            sampling = sampling.withLogprobs(fields.integer("logprobs", 0, 5).orElse(0));
            if (echo) {
                throw ApiException.invalid("echo", "echo with logprobs is not supported");
            }
        }
        int choices = fields.integer("n", 1, CHOICES_MAX).orElse(1);
        int best = fields.integer("best_of", 1, CHOICES_MAX).orElse(choices);
        if (best != choices) {
            throw ApiException.invalid("best_of", "best_of: only the value of n is supported");
        }
        List<Object> prompts = prompts(fields);
        var settings = new ChatRequest.Settings(sampling,
                fields.integer("max_tokens", 1, Integer.MAX_VALUE).orElse(DEFAULT_TOKENS),
                CommonFields.stops(fields), choices, CommonFields.hints(fields, client),
                fields.text("cache_salt").orElse(""), new OutputRule.Free());
        boolean usage = CommonFields.includeUsage(fields);
        var body = new CompletionBody(fields.text("model").orElse(""), prompts, echo,
                fields.flag("stream", false), usage, settings);
        fields.end();
        return body;
    }

    /// A text, token ids, or an array in which both may stand.
    private static List<Object> prompts(Fields fields) {
        Object prompt = fields.any("prompt").orElseThrow(() -> fields.missing("prompt"));
        if (prompt instanceof String) {
            return List.of(prompt);
        }
        List<Object> list = fields.list("prompt");
        if (!list.isEmpty() && list.getFirst() instanceof Long) {
            return List.of(ids(fields, list));
        }
        var prompts = new ArrayList<Object>();
        for (Object each : list) {
            prompts.add(each instanceof String ? each
                    : ids(fields, each instanceof List<?> tokens ? tokens : List.of("")));
        }
        if (prompts.isEmpty() || prompts.size() > PROMPTS_MAX) {
            throw ApiException.invalid("prompt", "prompt: from 1 to " + PROMPTS_MAX + " prompts");
        }
        return prompts;
    }

    private static int[] ids(Fields fields, List<?> tokens) {
        var ids = new int[tokens.size()];
        for (int i = 0; i < ids.length; i++) {
            if (!(tokens.get(i) instanceof Long id) || id < 0 || id > Integer.MAX_VALUE) {
                throw fields.wrong("prompt", "a text, token ids, or an array of these",
                        tokens.get(i));
            }
            ids[i] = id.intValue();
        }
        return ids;
    }

    /// The ids of a prompt; a text is encoded with what the model wants around it.
    int[] promptIds(int index, Tokenizer tokenizer) {
        int[] ids = prompts.get(index) instanceof int[] given ? given
                : tokenizer.encodePrompt((String) prompts.get(index));
        if (ids.length == 0) {
            throw ApiException.invalid("prompt", "prompt: a prompt has no token");
        }
        return ids;
    }

    /// What `echo` puts before an answer.
    String echoed(int index, Tokenizer tokenizer) {
        if (!echo) {
            return "";
        }
        if (prompts.get(index) instanceof String text) {
            return text;
        }
        var bytes = new ByteArrayOutputStream();
        for (int id : (int[]) prompts.get(index)) {
            bytes.writeBytes(tokenizer.bytes(id));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
