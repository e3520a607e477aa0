package dev.sluice.bridge.anthropic;

import dev.sluice.runtime.toolcall.MessageEvent;
import dev.sluice.runtime.toolcall.MessageEvent.ArgumentsGrew;
import dev.sluice.runtime.toolcall.MessageEvent.CallBegun;
import dev.sluice.runtime.toolcall.MessageEvent.CallEnded;
import dev.sluice.runtime.toolcall.MessageEvent.Content;
import dev.sluice.runtime.toolcall.MessageEvent.Malformed;
import dev.sluice.runtime.toolcall.MessageEvent.Reasoning;
import java.util.UUID;

/// Cuts an answer into content blocks: one is open at a time, and their indices count up.
///
///     Reasoning* -> thinking      Content* -> text      CallBegun ArgumentsGrew* -> tool_use
///
/// A call that the model has written so badly that it is no call comes as text, as it was written.
/// A call that breaks off is closed with the arguments that came. One thread.
final class BlockWriter {
    enum Kind { NONE, TEXT, THINKING, TOOL_USE }

    /// @param thinking whether reasoning is shown; else its block stays empty
    /// @param oneCall  whether the answer ends with its first call
    record Shape(boolean thinking, boolean oneCall) { }

    /// Where blocks go.
    interface Target {
        void textBegins(int index);

        void text(int index, String more);

        void thinkingBegins(int index);

        void thinking(int index, String more);

        void callBegins(int index, String id, String name);

        void arguments(int index, String json);

        /// @param kind what the block was
        void ends(int index, Kind kind);
    }

    private final Shape shape;
    private final Target target;
    private Kind open = Kind.NONE;
    private int index = -1;
    private boolean argued;
    private boolean called;
    private boolean full;

    BlockWriter(Shape shape, Target target) {
        this.shape = shape;
        this.target = target;
    }

    void add(MessageEvent event) {
        if (full) {
            return;
        }
        switch (event) {
            case Content(String text) -> text(text);
            case Reasoning(String text) -> reasoning(text);
            case CallBegun(int _, String id, String name) -> {
                begin(Kind.TOOL_USE);
                called = true;
                argued = false;
                target.callBegins(index, id.isEmpty() ? newCallId() : id, name);
            }
            case ArgumentsGrew(int _, String json) -> {
                argued = true;
                target.arguments(index, json);
            }
            case CallEnded _ -> {
                end();
                full = shape.oneCall();
            }
            case Malformed(int _, boolean begun, String raw, String _) -> {
                if (begun) {
                    end();
                } else {
                    text(raw);
                }
            }
        }
    }

    private void text(String text) {
        // White space alone between blocks is the format's, not the answer's.
        if (open != Kind.TEXT) {
            if (text.isBlank()) {
                return;
            }
            begin(Kind.TEXT);
            target.textBegins(index);
        }
        target.text(index, text);
    }

    private void reasoning(String text) {
        if (open != Kind.THINKING) {
            begin(Kind.THINKING);
            target.thinkingBegins(index);
        }
        if (shape.thinking()) {
            target.thinking(index, text);
        }
    }

    private void begin(Kind kind) {
        end();
        open = kind;
        index++;
    }

    /// Closes what is open; after the last event too.
    void end() {
        if (open == Kind.NONE) {
            return;
        }
        if (open == Kind.TOOL_USE && !argued) {
            target.arguments(index, "{}");
        }
        target.ends(index, open);
        open = Kind.NONE;
    }

    /// Whether the answer has all that it may have.
    boolean isFull() { return full; }

    /// Whether it calls a tool.
    boolean hasCalls() { return called; }

    private static String newCallId() {
        return "toolu_" + UUID.randomUUID().toString().replace("-", "").substring(0, 24);
    }
}
