package dev.sluice.models.onnx;

import dev.sluice.models.EncoderOptions;
import dev.sluice.models.EncoderPlan;
import dev.sluice.models.LoadedEncoder;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.MemoryPlan;
import dev.sluice.models.TextEncoderProvider;
import java.nio.file.Files;
import java.nio.file.Path;

/// Opens ONNX encoders through DJL. Stateless.
public final class OnnxEncoders implements TextEncoderProvider {
    /// For `ServiceLoader`.
    public OnnxEncoders() { }

    @Override
    public String name() { return "onnx"; }

    @Override
    public boolean reads(Path path) {
        return EncoderFolder.describes(path);
    }

    @Override
    public EncoderPlan plan(Path path, EncoderOptions options) {
        return plan(EncoderFolder.read(path, options));
    }

    private static EncoderPlan plan(EncoderFolder folder) {
        // A session keeps the weights once more, in the order that its kernels read.
        return new EncoderPlan(folder.config(), new MemoryPlan(folder.weightBytes(),
                new MemoryPlan.ExpertPlan(0, 0, 0), 0, folder.weightBytes()));
    }

    @Override
    public LoadedEncoder open(Path path, EncoderOptions options) {
        EncoderFolder folder = EncoderFolder.read(path, options);
        var texts = new DjlTexts(Djl.tokenizer(tokenizer(folder.folder())));
        boolean opened = false;
        try {
            int vocab = GenAiConfig.read(folder.folder()).vocab();
            var limits = new DjlEncoder.Limits(vocab > 0 ? vocab : Integer.MAX_VALUE,
                    Math.max(options.maxRows(), folder.config().contextTokens()),
                    options.maxTexts());
            var encoder = new DjlEncoder(folder, Djl.model(folder.graph(), options.threads()),
                    limits, texts::close);
            opened = true;
            return new LoadedEncoder(encoder, texts, plan(folder).memory());
        } finally {
            if (!opened) {
                texts.close();
            }
        }
    }

    private static Path tokenizer(Path folder) {
        for (Path place : new Path[] {folder, folder.resolve("..").normalize()}) {
            if (Files.isRegularFile(place.resolve("tokenizer.json"))) {
                return place.resolve("tokenizer.json");
            }
        }
        throw new MalformedModelException(folder, "no tokenizer.json beside the graph");
    }
}
