package dev.sluice.runtime;

/// A call of a tool that did not work. The model is told the message and may go on.
public final class ToolFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ToolFailedException(String message) {
        super(message);
    }
}
