package dev.sluice.runtime.toolcall;

import dev.sluice.runtime.toolcall.MessageEvent.ArgumentsGrew;
import dev.sluice.runtime.toolcall.MessageEvent.CallBegun;
import dev.sluice.runtime.toolcall.MessageEvent.CallEnded;
import java.util.Set;
import java.util.function.Consumer;

/// Collects one call while it is read, and tells of it as early as its name is known. Arguments
/// that come before the name wait for it.
final class CallSink {
    private Consumer<MessageEvent> out;
    private final int index;
    private final Set<String> allowed;
    private final StringBuilder arguments = new StringBuilder();
    private int told;
    private String id = "";
    private String name = "";
    private boolean begun;

    /// @param allowed names that a call may have; any if empty
    CallSink(Consumer<MessageEvent> out, int index, Set<String> allowed) {
        this.out = out;
        this.index = index;
        this.allowed = allowed;
    }

    /// Tells it to `other` from now on.
    CallSink over(Consumer<MessageEvent> other) {
        out = other;
        return this;
    }

    boolean begun() { return begun; }

    String name() { return name; }

    String arguments() { return arguments.toString(); }

    void id(String value) {
        id = value;
    }

    void name(String value) {
        name = value;
    }

    /// The call is one, whatever follows. False, and nothing told, if its name is not allowed.
    boolean begin() {
        if (!begun && (allowed.isEmpty() || allowed.contains(name))) {
            begun = true;
            out.accept(new CallBegun(index, id, name));
        }
        return begun;
    }

    void grow(String json) {
        arguments.append(json);
        if (begun && told < arguments.length()) {
            out.accept(new ArgumentsGrew(index, arguments.substring(told)));
            told = arguments.length();
        }
    }

    void end() {
        begin();
        if (arguments.isEmpty()) {
            arguments.append("{}");
        }
        grow("");
        out.accept(new CallEnded(index));
    }
}
