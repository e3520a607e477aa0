package dev.sluice.bridge.host;

import dev.sluice.models.MemoryPlan;

/// A loaded model: one that generates, or one that encodes. Any thread.
public sealed interface Hosted extends AutoCloseable permits HostedModel, HostedEncoder {
    String name();

    MemoryPlan memory();

    /// What it is and where it answers, to whoever asked it for something else.
    String purpose();

    @Override
    void close();
}
