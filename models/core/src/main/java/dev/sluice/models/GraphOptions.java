package dev.sluice.models;

/// How a graph that another runtime executes is run. Our own models do not look at it.
///
/// @param provider  the runtime's execution provider by name, or [#AUTO]
/// @param threads   compute threads
public record GraphOptions(String provider, int threads) {
    /// The fastest provider that is there; whoever asks for it prints what was chosen.
    public static final String AUTO = "auto";

    public GraphOptions {
        if (provider.isEmpty() || threads < 1) {
            throw new IllegalArgumentException(
                    "provider '%s' with %d threads".formatted(provider, threads));
        }
    }

    /// On the processor, with all of it.
    public static GraphOptions defaults() {
        return new GraphOptions("cpu", Runtime.getRuntime().availableProcessors());
    }
}
