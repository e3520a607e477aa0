package dev.sluice.bridge.encode;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.host.HostedEncoder;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.models.EncoderConfig;
import dev.sluice.models.EncoderInput;
import dev.sluice.models.EncoderTask;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;

/// `POST /v1/embeddings`.
final class Embeddings {
    private final ModelHost host;

    Embeddings(ModelHost host) {
        this.host = host;
    }

    void handle(Call call) {
        EmbeddingBody body = EmbeddingBody.read(call.fields());
        String name = body.model().isEmpty() ? host.defaultName(EncoderTask.EMBEDDING)
                : body.model();
        try (ModelHost.Lease lease = host.acquire(name)) {
            HostedEncoder encoder = lease.encoder(EncoderTask.EMBEDDING);
            int dimensions = dimensions(body, encoder);
            List<EncoderInput> inputs = body.encoded(encoder.engine().texts());
            float[][] vectors = EncodingRun.run(call.exchange(), encoder, inputs, "input");
            var data = new ArrayList<Object>(vectors.length);
            for (int i = 0; i < vectors.length; i++) {
                var entry = new LinkedHashMap<String, Object>();
                entry.put("object", "embedding");
                entry.put("index", i);
                float[] vector = shortened(vectors[i], dimensions);
                entry.put("embedding", body.base64() ? base64(vector) : numbers(vector));
                data.add(entry);
            }
            var reply = new LinkedHashMap<String, Object>();
            reply.put("object", "list");
            reply.put("data", data);
            reply.put("model", encoder.name());
            reply.put("usage", EncodingRun.usage(inputs));
            JsonReply.send(call.exchange(), 200, reply);
        }
    }

    private static int dimensions(EmbeddingBody body, HostedEncoder encoder) {
        EncoderConfig config = encoder.config();
        int wished = body.dimensions().orElse(config.outputs());
        if (wished != config.outputs() && (!config.matryoshka() || wished > config.outputs())) {
            throw ApiException.invalid("dimensions", "dimensions: %d of the model '%s', whose "
                    .formatted(wished, encoder.name()) + "vectors have " + config.outputs()
                    + (config.matryoshka() ? "" : " and do not say that they can be shortened"));
        }
        return wished;
    }

    /// The leading elements, brought back to the length 1 (Kusupati et al. 2022, section 3).
    static float[] shortened(float[] vector, int dimensions) {
        if (dimensions == vector.length) {
            return vector;
        }
        float[] part = Arrays.copyOf(vector, dimensions);
        double squares = 0;
        for (float value : part) {
            squares += (double) value * value;
        }
        for (int i = 0; i < dimensions && squares > 0; i++) {
            part[i] = (float) (part[i] / Math.sqrt(squares));
        }
        return part;
    }

    private static List<Object> numbers(float[] vector) {
        var numbers = new ArrayList<Object>(vector.length);
        for (float value : vector) {
            numbers.add(value);
        }
        return numbers;
    }

    private static String base64(float[] vector) {
        var bytes = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
