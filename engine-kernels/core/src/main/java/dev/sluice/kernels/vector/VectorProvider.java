package dev.sluice.kernels.vector;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.KernelBackendProvider;

/// Offers the Vector API backend where the JVM was started with `jdk.incubator.vector`. Touches
/// no class of that module before it has seen that it is there.
public final class VectorProvider implements KernelBackendProvider {
    private static final String MODULE = "jdk.incubator.vector";

    @Override
    public String name() {
        return "vector";
    }

    /// Above the reference, below any device.
    @Override
    public int preference() {
        return 10;
    }

    @Override
    public String unavailableReason() {
        return ModuleLayer.boot().findModule(MODULE).isPresent() ? ""
                : "the JVM runs without the Vector API; start it with --add-modules=" + MODULE;
    }

    @Override
    public String description() {
        String reason = unavailableReason();
        return reason.isEmpty() ? VectorBackend.description() : reason;
    }

    @Override
    public KernelBackend open(BackendOptions options) {
        return new VectorBackend(options);
    }
}
