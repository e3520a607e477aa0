package dev.sluice.runtime.toolcall;

/// What an assistant's text turned out to be, in order.
///
///     (Reasoning | Content)*  (CallBegun ArgumentsGrew* CallEnded | Malformed)*  Content* ...
public sealed interface MessageEvent {

    record Content(String text) implements MessageEvent {}

    /// Thinking that is not part of the answer.
    record Reasoning(String text) implements MessageEvent {}

    /// A call of a tool. Its arguments follow.
    ///
    /// @param index of the call in the message, from 0
    /// @param id    the model's own, or an empty text
    record CallBegun(int index, String id, String name) implements MessageEvent {}

    /// More of the arguments' JSON text; all pieces of a call together are one object.
    record ArgumentsGrew(int index, String json) implements MessageEvent {}

    record CallEnded(int index) implements MessageEvent {}

    /// A call that can not be read. If it had begun, what came of it so far is the best effort.
    ///
    /// @param begun  whether a [CallBegun] with the index came before
    /// @param raw    the text as the model wrote it
    /// @param reason one line
    record Malformed(int index, boolean begun, String raw, String reason)
            implements MessageEvent {}
}
