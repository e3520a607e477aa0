package dev.sluice.kernels.reference;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.KernelBackendProvider;

/// Offers the scalar oracle. It runs everywhere and `auto` never takes it.
public final class ReferenceProvider implements KernelBackendProvider {
    @Override
    public String name() {
        return "reference";
    }

    @Override
    public int preference() {
        return -1;
    }

    @Override
    public String unavailableReason() {
        return "";
    }

    @Override
    public String description() {
        return "scalar loops with double sums, one thread; the judge of the other backends";
    }

    @Override
    public KernelBackend open(BackendOptions options) {
        return new ReferenceBackend(options.memoryBytesMax());
    }
}
