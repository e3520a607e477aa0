package dev.sluice.models.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.sluice.models.GraphOptions;
import dev.sluice.models.UnsupportedModelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// ONNX Runtime's execution providers that a user can ask for by name. Java has no way to keep a
/// tensor on a device between runs (no IO binding), so on all but `cpu` keys and values cross the
/// bus in every step.
enum GraphProvider {
    CUDA(OrtProvider.CUDA, true) {
        @Override
        void addTo(SessionOptions options) throws OrtException { options.addCUDA(0); }
    },
    /// Builds an engine for minutes when a graph is loaded, so only when asked for.
    TENSORRT(OrtProvider.TENSOR_RT, false) {
        @Override
        void addTo(SessionOptions options) throws OrtException { options.addTensorrt(0); }
    },
    COREML(OrtProvider.CORE_ML, true) {
        @Override
        void addTo(SessionOptions options) throws OrtException { options.addCoreML(); }
    },
    DML(OrtProvider.DIRECT_ML, true) {
        @Override
        void addTo(SessionOptions options) throws OrtException { options.addDirectML(0); }
    },
    CPU(OrtProvider.CPU, true) {
        /// It is always there, behind every other.
        @Override
        void addTo(SessionOptions options) { }
    };

    private final OrtProvider provider;
    private final boolean automatic;

    /// @param automatic  whether `auto` may choose it
    GraphProvider(OrtProvider provider, boolean automatic) {
        this.provider = provider;
        this.automatic = automatic;
    }

    abstract void addTo(SessionOptions options) throws OrtException;

    /// What was chosen, and why.
    record Choice(GraphProvider provider, String reason) {
        String name() { return provider.name().toLowerCase(Locale.ROOT); }

        @Override
        public String toString() {
            return "ONNX Runtime %s on %s (%s)".formatted(
                    OnnxRuntime.version(), name(), reason);
        }
    }

    /// The provider of that name, or the first of the list above that is usable for `auto`.
    static Choice choose(GraphOptions options) {
        if (!options.provider().equals(GraphOptions.AUTO)) {
            GraphProvider asked = of(options.provider());
            String reason = unusable(asked);
            if (!reason.isEmpty()) {
                throw new UnsupportedModelException(
                        "--provider %s: %s".formatted(options.provider(), reason));
            }
            return new Choice(asked, "as asked");
        }
        var refused = new ArrayList<String>();
        for (GraphProvider provider : values()) {
            String name = provider.name().toLowerCase(Locale.ROOT);
            String reason = provider.automatic ? unusable(provider) : "only when asked for";
            if (reason.isEmpty()) {
                return new Choice(provider, "auto; " + String.join("; ", refused));
            }
            refused.add(name + ": " + reason);
        }
        throw new IllegalStateException("cpu is always there");
    }

    private static GraphProvider of(String name) {
        for (GraphProvider provider : values()) {
            if (provider.name().toLowerCase(Locale.ROOT).equals(name)) {
                return provider;
            }
        }
        throw new UnsupportedModelException("--provider %s: expected auto, %s".formatted(name,
                String.join(", ", List.of(values()).stream()
                        .map(p -> p.name().toLowerCase(Locale.ROOT)).toList())));
    }

    /// Empty when a session could use it here.
    private static String unusable(GraphProvider provider) {
        OnnxRuntime.environment();
        if (!OrtEnvironment.getAvailableProviders().contains(provider.provider)) {
            return "this build of ONNX Runtime does not have it" + switch (provider) {
                case CUDA, TENSORRT -> " (build with -Ponnxruntime-gpu)";
                case COREML, DML, CPU -> "";
            };
        }
        try (var options = new SessionOptions()) {
            provider.addTo(options);
            return "";
        } catch (OrtException e) {
            return e.getMessage().lines().findFirst().orElse("refused");
        }
    }
}
