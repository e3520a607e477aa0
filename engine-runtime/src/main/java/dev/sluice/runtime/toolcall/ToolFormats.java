package dev.sluice.runtime.toolcall;

import dev.sluice.runtime.toolcall.ToolFormat.Marks;
import dev.sluice.runtime.toolcall.ToolFormat.Section;
import dev.sluice.runtime.toolcall.ToolFormat.Step;
import dev.sluice.runtime.toolcall.ToolFormat.Step.Arguments;
import dev.sluice.runtime.toolcall.ToolFormat.Step.CallObject;
import dev.sluice.runtime.toolcall.ToolFormat.Step.KeyedObject;
import dev.sluice.runtime.toolcall.ToolFormat.Step.Literal;
import dev.sluice.runtime.toolcall.ToolFormat.Step.MarkedObject;
import dev.sluice.runtime.toolcall.ToolFormat.Step.Name;
import dev.sluice.runtime.toolcall.ToolFormat.Step.Parameters;
import dev.sluice.runtime.toolcall.ToolFormat.Step.PythonCall;
import dev.sluice.runtime.toolcall.ToolFormat.Step.QualifiedName;
import dev.sluice.runtime.toolcall.ToolFormat.ValueStyle;
import java.util.List;
import java.util.Optional;

/// Every tool format that is known, and which one a chat template speaks.
public final class ToolFormats {
    private static final CallObject CALL = new CallObject(List.of("name", "function"),
            List.of("arguments", "parameters"), List.of("id"));
    private static final CallObject COHERE_CALL = new CallObject(List.of("tool_name"),
            List.of("parameters"), List.of("tool_call_id"));

    /// Looked through in this order: the special before the general.
    private static final List<ToolFormat> ALL = List.of(
            format("deepseek-dsml", List.of("DSML", "function_calls"), Marks.THINK,
                    Section.of("<｜DSML｜function_calls>", "</｜DSML｜function_calls>"),
                    new Literal("<｜DSML｜invoke name=\""), name("\">"),
                    new Parameters("<｜DSML｜parameter name=\"", "\"", "string=",
                            "</｜DSML｜parameter>", ValueStyle.MARKED),
                    new Literal("</｜DSML｜invoke>")),
            format("deepseek-r1", List.of("<｜tool▁sep｜>", "```json"), Marks.THINK,
                    Section.of("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"),
                    new Literal("<｜tool▁call▁begin｜>"), new Literal("function"),
                    new Literal("<｜tool▁sep｜>"), name("\n```json"), new Arguments(),
                    new Literal("```"), new Literal("<｜tool▁call▁end｜>")),
            format("deepseek-v3.1", List.of("<｜tool▁sep｜>"), Marks.THINK,
                    Section.of("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"),
                    new Literal("<｜tool▁call▁begin｜>"), name("<｜tool▁sep｜>"),
                    new Arguments(), new Literal("<｜tool▁call▁end｜>")),
            format("kimi-k2", List.of("<|tool_call_argument_begin|>"), Marks.THINK,
                    Section.of("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
                    new Literal("<|tool_call_begin|>"),
                    new QualifiedName("<|tool_call_argument_begin|>"), new Arguments(),
                    new Literal("<|tool_call_end|>")),
            format("minimax-m2", List.of("minimax:tool_call"), Marks.THINK,
                    Section.of("<minimax:tool_call>", "</minimax:tool_call>"),
                    new Literal("<invoke name=\""), name("\">"),
                    new Parameters("<parameter name=\"", "\">", "", "</parameter>",
                            ValueStyle.BY_SCHEMA),
                    new Literal("</invoke>")),
            format("glm", List.of("<arg_key>"), Marks.THINK,
                    Section.of("<tool_call>", "</tool_call>"),
                    new Name(List.of("<arg_key>", "</tool_call>", "\n"), false),
                    new Parameters("<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>",
                            ValueStyle.BY_SCHEMA)),
            format("qwen3-coder", List.of("<tool_call>", "<function=", "<parameter="),
                    Marks.THINK, Section.of("<tool_call>", "</tool_call>"),
                    new Literal("<function="), name(">"),
                    new Parameters("<parameter=", ">", "", "</parameter>", ValueStyle.LINES),
                    new Literal("</function>")),
            format("functionary", List.of("<function=", "</function>"), Marks.NONE,
                    Section.of("<function=", ""), name(">"), new Arguments(),
                    new Literal("</function>")),
            framed("cohere", List.of("<|START_ACTION|>"),
                    new Marks("<|START_THINKING|>", "<|END_THINKING|>"),
                    List.of("<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>",
                            "<|END_TEXT|>"),
                    Section.listOf("<|START_ACTION|>", "<|END_ACTION|>"), COHERE_CALL),
            format("lfm2", List.of("<|tool_list_start|>"), Marks.THINK,
                    Section.listOf("<|tool_call_start|>", "<|tool_call_end|>"),
                    new PythonCall()),
            format("lfm2.5", List.of("List of tools: ["), Marks.THINK,
                    Section.listOf("<|tool_call_start|>", "<|tool_call_end|>"),
                    new PythonCall()),
            format("apertus", List.of("<|tools_prefix|>"),
                    new Marks("<|inner_prefix|>", "<|inner_suffix|>"),
                    Section.listOf("<|tools_prefix|>", "<|tools_suffix|>"), new KeyedObject()),
            format("gemma4", List.of("<|tool_call>call:"),
                    new Marks("<|channel>thought\n", "<channel|>"),
                    Section.of("<|tool_call>", "<tool_call|>"),
                    new Literal("call:"), name("{"), new MarkedObject("<|\"|>")),
            format("gigachat", List.of("<|function_call|>"), Marks.NONE,
                    Section.of("<|function_call|>", ""), CALL),
            format("mistral-args", List.of("[TOOL_CALLS]", "[ARGS]"),
                    new Marks("[THINK]", "[/THINK]"), Section.of("[TOOL_CALLS]", ""),
                    name("[ARGS]"), new Arguments()),
            format("mistral", List.of("[TOOL_CALLS]"), new Marks("[THINK]", "[/THINK]"),
                    Section.listOf("[TOOL_CALLS]", ""), CALL),
            format("phi4", List.of("<|tool_call|>", "<|/tool_call|>"), Marks.THINK,
                    Section.listOf("<|tool_call|>", "<|/tool_call|>"), CALL),
            format("granite3", List.of("<|tool_call|>"), Marks.THINK,
                    Section.listOf("<|tool_call|>", ""), CALL),
            format("hermes", List.of("<tool_call>"), Marks.THINK,
                    Section.listOf("<tool_call>", "</tool_call>"), CALL),
            format("llama3", List.of("\"parameters\": ", "ipython"), Marks.NONE,
                    new Section(List.of("<|python_tag|>"), "", true, true), CALL),
            format("phi3-functools", List.of("functools["), Marks.NONE,
                    Section.listOf("functools", ""), CALL));

    private ToolFormats() { }

    private static Name name(String until) {
        return new Name(List.of(until), true);
    }

    private static ToolFormat format(String name, List<String> signature, Marks reasoning,
            Section section, Step... call) {
        return framed(name, signature, reasoning, List.of(), section, call);
    }

    private static ToolFormat framed(String name, List<String> signature, Marks reasoning,
            List<String> framing, Section section, Step... call) {
        return new ToolFormat(name, signature, reasoning, framing, section, List.of(call));
    }

    /// Formats that are described by data, the special before the general; harmony is not one.
    public static List<ToolFormat> all() { return ALL; }

    /// The format of that name.
    public static Optional<ToolFormat> named(String name) {
        for (ToolFormat format : ALL) {
            if (format.name().equals(name)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    /// The format whose signature the template has; empty when it knows no tools, and for
    /// harmony, which [#isHarmony] recognises.
    public static Optional<ToolFormat> of(String chatTemplate) {
        for (ToolFormat format : ALL) {
            if (containsAll(chatTemplate, format.signature())) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    private static boolean containsAll(String text, List<String> parts) {
        for (String part : parts) {
            if (!text.contains(part)) {
                return false;
            }
        }
        return true;
    }

    /// Whether the template is gpt-oss's, whose messages are channels.
    public static boolean isHarmony(String chatTemplate) {
        return chatTemplate.contains("<|channel|>") && chatTemplate.contains("<|message|>");
    }
}
