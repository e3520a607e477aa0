package dev.sluice.runtime.toolcall;

import java.util.List;

/// How a family of models writes reasoning and calls of tools: data that one reader is driven by.
///
///     <think>  reasoning  </think>  content  OPEN call call ... CLOSE  content
///
/// A format whose messages are not of this shape has a reader of its own ([HarmonyReader]).
///
/// @param name       as users name it, for instance `hermes`
/// @param signature  texts that a chat template of this format has in it, all of them
/// @param reasoning  how thinking is marked; [Marks#NONE] where it is not
/// @param framing    markers around plain content, which are no part of it
/// @param section    what surrounds calls
/// @param call       one call
public record ToolFormat(String name, List<String> signature, Marks reasoning,
        List<String> framing, Section section, List<Step> call) {

    /// A pair of markers; empty texts for none.
    public record Marks(String open, String close) {
        public static final Marks NONE = new Marks("", "");
        public static final Marks THINK = new Marks("<think>", "</think>");

        boolean used() { return !open.isEmpty(); }
    }

    /// @param opens  any of them begins the section
    /// @param close  ends it; an empty text where the last call does
    /// @param list   calls may stand in a JSON-like list: `[`, `,`, `;` and `]` around them
    /// @param bare   an answer that starts with a JSON object is a section without an opening
    public record Section(List<String> opens, String close, boolean list, boolean bare) {
        public static Section of(String open, String close) {
            return new Section(List.of(open), close, false, false);
        }

        public static Section listOf(String open, String close) {
            return new Section(List.of(open), close, true, false);
        }
    }

    /// What a tagged value is.
    public enum ValueStyle {
        /// A string or JSON: the tool's schema says which.
        BY_SCHEMA,
        /// The same, with one line break on each side that is no part of it.
        LINES,
        /// `string="true"` or `string="false"` stands before the value.
        MARKED
    }

    /// A part of a call's text, from left to right.
    public sealed interface Step {
        /// Exactly this text, with any white space before it.
        record Literal(String text) implements Step {}

        /// The tool's name, to the first of the texts; this text is consumed if `consume`.
        record Name(List<String> until, boolean consume) implements Step {}

        /// The tool's name inside an identifier, `functions.NAME:INDEX`.
        record QualifiedName(String until) implements Step {}

        /// A JSON object: the arguments.
        record Arguments() implements Step {}

        /// A JSON object with the name and the arguments as members, in any order.
        record CallObject(List<String> nameKeys, List<String> argumentKeys, List<String> idKeys)
                implements Step {}

        /// A JSON object whose only key is the name and its value the arguments.
        record KeyedObject() implements Step {}

        /// Tagged parameters, any number: OPEN key KEY_END VALUE_START value CLOSE.
        record Parameters(String open, String keyEnd, String valueStart, String close,
                ValueStyle style) implements Step {}

        /// `name(key=value, ...)` as in Python, `name.call(...)` included.
        record PythonCall() implements Step {}

        /// `key:value,...}` with strings in a marker of their own instead of quotation marks.
        record MarkedObject(String quote) implements Step {}
    }

    public ToolFormat {
        signature = List.copyOf(signature);
        framing = List.copyOf(framing);
        call = List.copyOf(call);
    }

    public ToolFormat withReasoning(Marks marks) {
        return new ToolFormat(name, signature, marks, framing, section, call);
    }
}
