package dev.sluice.models.chat;

/// A value that can be called: a macro, a method of a value, a global function. `name` is for
/// error messages.
interface Callable {
    String name();

    Object call(Rendering run, Arguments arguments);
}
