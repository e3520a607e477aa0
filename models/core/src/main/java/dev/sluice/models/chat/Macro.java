package dev.sluice.models.chat;

import dev.sluice.models.chat.Statement.MacroBody;

/// A macro and the scope it was defined in. One rendering only.
record Macro(Interpreter interpreter, MacroBody body, Scope definedIn) implements Callable {
    @Override
    public String name() { return body.name(); }

    @Override
    public Object call(Rendering run, Arguments arguments) {
        return interpreter.callMacro(this, arguments);
    }
}
