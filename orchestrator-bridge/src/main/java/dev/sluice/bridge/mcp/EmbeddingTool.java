package dev.sluice.bridge.mcp;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.encode.EncodingRun;
import dev.sluice.bridge.host.HostedEncoder;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.models.EncoderInput;
import dev.sluice.models.EncoderTask;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The tool that turns texts into vectors. Any thread.
final class EmbeddingTool {
    private static final int TEXTS_MAX = 256;

    private final ModelHost host;

    EmbeddingTool(ModelHost host) {
        this.host = host;
    }

    ModelTool tool() {
        return new ModelTool("embed", "Embed texts", "A vector for each text, to compare meanings. "
                + "Needs an embedding model among the hosted ones.",
                ToolSchema.ofModel().requiredTexts("texts", "What is embedded.").build(),
                this::embed);
    }

    private Map<String, Object> embed(ToolCall call) {
        Fields fields = call.arguments();
        List<String> texts = fields.texts("texts");
        String given = fields.text("model").orElse("");
        fields.end();
        if (texts.isEmpty() || texts.size() > TEXTS_MAX || texts.contains("")) {
            throw ApiException.invalid("texts",
                    "texts: from 1 to %d, none of them empty".formatted(TEXTS_MAX));
        }
        String name = given.isEmpty() ? host.defaultName(EncoderTask.EMBEDDING) : given;
        try (ModelHost.Lease lease = host.acquire(name)) {
            HostedEncoder encoder = lease.encoder(EncoderTask.EMBEDDING);
            var inputs = new ArrayList<EncoderInput>();
            for (String text : texts) {
                inputs.add(encoder.engine().texts().text(text));
            }
            var vectors = new ArrayList<Object>();
            for (float[] vector : EncodingRun.run(call::stopsBy, encoder, inputs, "texts")) {
                var numbers = new ArrayList<Object>(vector.length);
                for (float value : vector) {
                    numbers.add(value);
                }
                vectors.add(numbers);
            }
            return Map.of("model", encoder.name(), "vectors", vectors);
        }
    }
}
