package dev.sluice.bridge.cli;

import dev.sluice.models.GraphOptions;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `--provider`: what runs an ONNX graph.
final class ProviderOption {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--provider", paramLabel = "NAME",
            description = "What runs an ONNX graph: cpu (default), cuda, tensorrt, coreml, dml, "
                    + "or auto, which prints its choice.")
    private Optional<String> provider;

    boolean isGiven() { return provider.isPresent(); }

    GraphOptions graph(int threads) {
        return new GraphOptions(provider.orElse("cpu"), threads);
    }

    /// Refuses an option that would change nothing.
    ///
    /// @param graph         whether the model is a graph
    /// @param backendGiven  whether the user named a backend
    void requireFor(boolean graph, boolean backendGiven) {
        if (graph && backendGiven) {
            throw new ParameterException(spec.commandLine(),
                    "--backend does not apply to an ONNX graph; --provider does");
        }
        if (!graph && isGiven()) {
            throw new ParameterException(spec.commandLine(),
                    "--provider applies to ONNX graphs only; --backend to other models");
        }
    }
}
