package dev.sluice.models.chat;

/// A global function, or a method together with the value it belongs to.
record Function(String name, Object subject, Operation operation) implements Callable {
    @Override
    public Object call(Rendering run, Arguments arguments) {
        return operation.apply(run, subject, arguments);
    }
}
