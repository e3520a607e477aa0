package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.models.tokenizer.Tokenizer.Special;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The `prompt` of `/completion` in all its forms:
///
///     "text"    [12, 34]    [12, "text", 34]    {"prompt_string": "text"}      one prompt
///     ["text", "text"]      [[12, 34], "text", [12, "text"]]                   several
///
/// A text that begins a prompt is encoded with what the model wants around it; control tokens in
/// texts are parsed.
final class PromptFields {
    private static final int PROMPTS_MAX = 256;

    private final Fields fields;
    private final Tokenizer tokenizer;

    private PromptFields(Fields fields, Tokenizer tokenizer) {
        this.fields = fields;
        this.tokenizer = tokenizer;
    }

    /// @param several whether an array of prompts came, even if of one
    record Prompts(List<int[]> tokenIds, boolean several) { }

    static Prompts read(Fields fields, Tokenizer tokenizer) {
        Object prompt = fields.any("prompt").orElseThrow(() -> fields.missing("prompt"));
        return new PromptFields(fields, tokenizer).prompts(prompt);
    }

    private Prompts prompts(Object prompt) {
        if (!(prompt instanceof List<?> list)) {
            return new Prompts(List.of(one(prompt)), false);
        }
        boolean ids = list.stream().anyMatch(Number.class::isInstance);
        boolean nested = list.stream().anyMatch(
                each -> !(each instanceof Number) && !(each instanceof String));
        if (ids && !nested) {
            return new Prompts(List.of(mixed(list)), false);
        }
        if (list.isEmpty() || list.size() > PROMPTS_MAX || ids) {
            throw ApiException.invalid("prompt", "prompt: from 1 to " + PROMPTS_MAX
                    + " prompts, or one of texts and token ids");
        }
        var prompts = new ArrayList<int[]>();
        for (Object each : list) {
            prompts.add(one(each));
        }
        return new Prompts(prompts, true);
    }

    private int[] one(Object prompt) {
        return switch (prompt) {
            case String text -> required(tokenizer.encodePrompt(text));
            case List<?> list -> mixed(list);
            case Map<?, ?> map -> {
                Fields object = Fields.of("prompt", map);
                String text = object.requiredText("prompt_string");
                object.only("multimodal_data", List.of());
                object.end();
                yield required(tokenizer.encodePrompt(text));
            }
            case null, default -> throw fields.wrong("prompt",
                    "a text, token ids, or an array of these", prompt);
        };
    }

    private int[] mixed(List<?> parts) {
        var ids = new ArrayList<Integer>();
        for (int i = 0; i < parts.size(); i++) {
            switch (parts.get(i)) {
                case Long id when id >= 0 && id < tokenizer.vocabSize() -> ids.add(id.intValue());
                case String text -> {
                    for (int id : i == 0 ? tokenizer.encodePrompt(text)
                            : tokenizer.encode(text, Special.PARSE)) {
                        ids.add(id);
                    }
                }
                case null, default -> throw fields.wrong("prompt", "texts and token ids below "
                        + tokenizer.vocabSize(), parts.get(i));
            }
        }
        return required(ids.stream().mapToInt(Integer::intValue).toArray());
    }

    private static int[] required(int[] ids) {
        if (ids.length == 0) {
            throw ApiException.invalid("prompt", "prompt: a prompt has no token");
        }
        return ids;
    }
}
