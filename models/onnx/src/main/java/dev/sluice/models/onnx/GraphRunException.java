package dev.sluice.models.onnx;

/// ONNX Runtime could not run a graph that it had loaded: its own message, and what was run.
public final class GraphRunException extends RuntimeException {
    private static final long serialVersionUID = 1;

    GraphRunException(String message, Throwable cause) {
        super(message, cause);
    }
}
