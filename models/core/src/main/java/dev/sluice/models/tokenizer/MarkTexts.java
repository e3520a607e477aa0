package dev.sluice.models.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What tokens' texts alone give away: which end a generation and which are marks although a file
/// calls them something else. The lists follow libllama, which is what files are tried with.
final class MarkTexts {
    private static final List<String> ENDS = List.of(
            "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>",
            "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>",
            "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>",
            "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[");
    /// Marks of a file's border in fill-in-the-middle models: these end a generation too.
    private static final List<String> FILE_ENDS = List.of(
            "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]", "<|fim_repo|>",
            "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>");
    private static final List<String> FILL_IN_THE_MIDDLE = List.of(
            "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>",
            "<|code_prefix|>", "<|prefix|>", "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>",
            "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>", "<|fim_middle|>",
            "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>",
            "<|middle|>");
    /// gpt-oss: part of what the model says, so they are given out as text.
    private static final List<String> SPOKEN =
            List.of("<|channel|>", "<|message|>", "<|start|>", "<|constrain|>");

    private final TextIndex index;
    private final TokenType[] types;

    MarkTexts(TextIndex index, TokenType[] types) {
        this.index = index;
        this.types = types;
    }

    /// Corrects the types and returns the ids that end a generation: those known by their text and
    /// `declared` ones.
    Set<Integer> correct(Set<Integer> declared) {
        var ends = new HashSet<Integer>();
        for (List<String> marks : List.of(ENDS, FILE_ENDS)) {
            for (String mark : marks) {
                int id = find(mark);
                if (id != TextIndex.ABSENT) {
                    types[id] = TokenType.CONTROL;
                    ends.add(id);
                }
            }
        }
        retype(FILL_IN_THE_MIDDLE, TokenType.CONTROL);
        retype(SPOKEN, TokenType.USER_DEFINED);
        ends.addAll(declared);
        // In the harmony format `<|end|>` closes one message of several; `<|return|>` ends.
        boolean harmony = has("<|call|>") && has("<|return|>")
                || (has("<|call|>") || has("<|calls|>")) && has("<|flush|>");
        if (harmony && has("<|end|>")) {
            ends.remove(find("<|end|>"));
            retype(List.of("<|end|>"), TokenType.USER_DEFINED);
        }
        if (has("<|tool_response>") && has("</s>")) {
            ends.remove(find("</s>"));
            retype(List.of("</s>"), TokenType.NORMAL);
        }
        return Set.copyOf(ends);
    }

    private void retype(List<String> texts, TokenType type) {
        for (String text : texts) {
            int id = find(text);
            if (id != TextIndex.ABSENT) {
                types[id] = type;
            }
        }
    }

    private boolean has(String text) {
        return find(text) != TextIndex.ABSENT;
    }

    private int find(String text) {
        return index.find(text.getBytes(StandardCharsets.UTF_8));
    }
}
