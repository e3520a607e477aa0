package dev.sluice.runtime.toolcall;

import java.util.function.Consumer;

/// Takes an assistant's text apart while it is generated: reasoning, content and calls of tools.
/// However the text is cut into pieces, the events' texts joined are the same. Not thread-safe.
///
/// ```java
/// ToolFormat format = ToolFormats.named("hermes").orElseThrow();
/// MessageReader reader = MessageReader.of(format, ToolTypes.of(tools), false);
/// reader.push("<tool_call>{\"name\": \"add\", \"argu", System.out::println);
/// reader.push("ments\": {\"a\": 1}}</tool_call>", System.out::println);
/// reader.finish(System.out::println);
/// ```
public sealed interface MessageReader permits MarkedReader, HarmonyReader {

    /// More text, control tokens' names included.
    void push(String text, Consumer<MessageEvent> out);

    /// No more text comes. What was held back comes out, and a call that is not whole is told as
    /// malformed.
    void finish(Consumer<MessageEvent> out);

    /// @param inReasoning whether the prompt ended inside of reasoning, as templates do that open
    ///                    it themselves
    static MessageReader of(ToolFormat format, ToolTypes types, boolean inReasoning) {
        return new MarkedReader(format, types, inReasoning);
    }

    /// The reader for gpt-oss.
    static MessageReader harmony() {
        return new HarmonyReader();
    }
}
