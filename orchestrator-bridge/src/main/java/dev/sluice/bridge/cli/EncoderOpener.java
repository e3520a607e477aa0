package dev.sluice.bridge.cli;

import dev.sluice.bridge.host.HostedEncoder;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.EncoderOptions;
import dev.sluice.models.EncoderPlan;
import dev.sluice.models.EncoderTask;
import dev.sluice.models.LoadedEncoder;
import dev.sluice.models.TextEncoderProvider;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import dev.sluice.runtime.StepTurns;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Supplier;

/// Opens an encoder for a server: by another runtime's provider if one reads the path, else on our
/// own kernels.
final class EncoderOpener implements ModelHost.Opener {
    /// Texts that may wait for each request that may.
    private static final int TEXTS_PER_REQUEST = 64;

    private final String name;
    private final EncoderPlan plan;
    private final Supplier<LoadedEncoder> opening;
    private final Sharing sharing;
    private final PrintWriter err;

    /// How the encoder shares the process.
    ///
    /// @param waitingMax  requests that may wait
    /// @param weight      of its share of the processors
    record Sharing(int waitingMax, StepTurns turns, double weight) { }

    private EncoderOpener(String name, EncoderPlan plan, Supplier<LoadedEncoder> opening,
            Sharing sharing, PrintWriter err) {
        this.name = name;
        this.plan = plan;
        this.opening = opening;
        this.sharing = sharing;
        this.err = err;
    }

    /// An opener if `path` is an encoder; empty if it generates.
    ///
    /// @param kernels  opens a backend, for each encoder its own
    static Optional<ModelHost.Opener> of(String name, Path path, EncoderOptions options,
            Supplier<Kernels> kernels, Sharing sharing, PrintWriter err) {
        for (TextEncoderProvider provider : ServiceLoader.load(TextEncoderProvider.class)) {
            if (provider.reads(path)) {
                return Optional.of(new EncoderOpener(name, provider.plan(path, options),
                        () -> provider.open(path, options), sharing, err));
            }
        }
        try (TensorFile file = ModelPath.open(path)) {
            if (!EncoderPlan.describes(file)) {
                return Optional.empty();
            }
            return Optional.of(new EncoderOpener(name, EncoderPlan.of(file, options),
                    () -> LoadedEncoder.open(path, kernels.get(), options), sharing, err));
        }
    }

    @Override
    public long bytes() { return plan.memory().totalBytes(); }

    @Override
    public Optional<EncoderTask> encodes() { return Optional.of(plan.config().task()); }

    @Override
    public HostedEncoder open() {
        long begin = System.nanoTime();
        LoadedEncoder loaded = opening.get();
        var hosted = new HostedEncoder(name, loaded, sharing.waitingMax * TEXTS_PER_REQUEST,
                sharing.turns.join(sharing.weight));
        err.printf("model %s: %s, %d outputs of at most %d tokens; %s; loaded in %.2f s%n", name,
                hosted.config().task().name().toLowerCase(java.util.Locale.ROOT),
                hosted.config().outputs(), hosted.config().contextTokens(), loaded.memory(),
                (System.nanoTime() - begin) / 1e9);
        err.flush();
        return hosted;
    }
}
