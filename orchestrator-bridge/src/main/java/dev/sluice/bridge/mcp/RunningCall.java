package dev.sluice.bridge.mcp;

/// A request of an MCP client while it is answered: whose it is, and how to stop its work. It
/// travels with the request through the SDK as a value of its transport context. Any thread.
final class RunningCall {
    /// Under which the transport context has it.
    static final String KEY = "sluice.call";

    private final String client;
    private Runnable stop = () -> { };
    private boolean cancelled;

    /// @param client whose share of the engine it takes
    RunningCall(String client) {
        this.client = client;
    }

    String client() { return client; }

    /// What stops the work; runs at once if the call is cancelled already.
    void stopsBy(Runnable action) {
        boolean now;
        synchronized (this) {
            stop = action;
            now = cancelled;
        }
        if (now) {
            action.run();
        }
    }

    void cancel() {
        Runnable action;
        synchronized (this) {
            cancelled = true;
            action = stop;
        }
        action.run();
    }

    synchronized boolean isCancelled() { return cancelled; }
}
