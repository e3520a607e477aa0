package dev.sluice.bridge.serve;

import dev.sluice.bridge.host.HostedEncoder;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.EncoderOptions;
import dev.sluice.models.EncoderTask;
import dev.sluice.models.LoadedEncoder;
import dev.sluice.runtime.StepTurns;
import java.nio.file.Path;
import java.util.Optional;

/// Opens an encoder of the test data.
public record TinyEncoder(String name, Path path, EncoderTask task) implements ModelHost.Opener {
    private static final int WAITING_MAX = 16;

    @Override
    public HostedEncoder open() {
        Kernels kernels = Kernels.open("vector", BackendOptions.defaults());
        return new HostedEncoder(name, LoadedEncoder.open(path, kernels,
                EncoderOptions.defaults().withKvType(DType.F32)), WAITING_MAX,
                new StepTurns().join(1));
    }

    @Override
    public long bytes() { return 1 << 20; }

    @Override
    public Optional<EncoderTask> encodes() { return Optional.of(task); }
}
