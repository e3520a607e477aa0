package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.models.tokenizer.Tokenizer.Special;
import java.util.ArrayList;
import java.util.List;

/// The prompt of `/infill`, for models whose vocabulary has tokens for it ("Efficient Training of
/// Language Models to Fill in the Middle", arXiv 2207.14255). With tokens for repositories and
/// files, other files come as in Qwen2.5-Coder (arXiv 2409.12186, section 3.1.2):
///
///     [BOS] REPO myproject FILE name text ... FILE filename
///     PREFIX prefix SUFFIX suffix MIDDLE prompt
///
/// without them, they come as text before the prefix. What the user sends is never parsed for
/// control tokens, except `prompt`, which is part of the answer to be. One request's.
final class InfillPrompt {
    private static final List<String> PREFIX = List.of("<|fim_prefix|>", "<fim-prefix>",
            "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>", "<|prefix|>");
    private static final List<String> SUFFIX = List.of("<|fim_suffix|>", "<fim-suffix>",
            "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>");
    private static final List<String> MIDDLE = List.of("<|fim_middle|>", "<fim-middle>",
            "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>", "<|middle|>");
    private static final List<String> REPOSITORY = List.of(
            "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>");
    private static final List<String> FILE = List.of("<|file_sep|>");
    private static final int NONE = -1;

    private final Tokenizer tokenizer;
    private final List<Integer> ids = new ArrayList<>();

    private InfillPrompt(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /// @throws ApiException if the model's vocabulary has no tokens for it
    static int[] read(Fields fields, HostedModel model) {
        return new InfillPrompt(model.tokenizer()).ids(fields, model.name());
    }

    private int[] ids(Fields fields, String model) {
        int prefix = find(PREFIX);
        int suffix = find(SUFFIX);
        int middle = find(MIDDLE);
        if (prefix == NONE || suffix == NONE || middle == NONE) {
            throw ApiException.invalid("", ("infill is not supported by the model '%s': its "
                    + "vocabulary lacks a token for %s").formatted(model,
                    prefix == NONE ? "the prefix" : suffix == NONE ? "the suffix" : "the middle"));
        }
        int[] around = tokenizer.withBosAndEos(new int[0]);
        if (around.length > 0 && tokenizer.name(around[0]).equals(tokenizer.bosText())) {
            ids.add(around[0]);
        }
        extra(fields.objects("input_extra"));
        ids.add(prefix);
        add(fields.text("input_prefix").orElseThrow(() -> fields.missing("input_prefix")));
        ids.add(suffix);
        add(fields.text("input_suffix").orElseThrow(() -> fields.missing("input_suffix")));
        ids.add(middle);
        add(tokenizer.encode(fields.text("prompt").orElse(""), Special.PARSE));
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    private void extra(List<Fields> files) {
        int repository = find(REPOSITORY);
        int file = find(FILE);
        if (repository != NONE && file != NONE) {
            ids.add(repository);
            add("myproject\n");
        }
        for (Fields each : files) {
            String name = each.text("filename").orElse("tmp");
            String text = each.requiredText("text");
            each.end();
            if (file != NONE) {
                ids.add(file);
                add(name + "\n");
            } else {
                add("\n\n--- snippet ---\n\n");
            }
            add(text);
        }
        if (file != NONE) {
            ids.add(file);
            add("filename\n");
        }
    }

    private int find(List<String> names) {
        for (String name : names) {
            if (tokenizer.contains(name)) {
                return tokenizer.id(name);
            }
        }
        return NONE;
    }

    private void add(String text) {
        add(tokenizer.encode(text, Special.AS_TEXT));
    }

    private void add(int[] more) {
        for (int id : more) {
            ids.add(id);
        }
    }
}
