package uk.ac.manchester.tornado.api;

/// That a plan has run.
public final class TornadoExecutionResult {
    TornadoExecutionResult() { }
}
