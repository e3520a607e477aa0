package dev.sluice.models.onnx;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.GraphOptions;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// One golden case, and steps of a model over its prompt.
record Golden(int[] prompt, int[] greedy, float[] logits) {

    /// The goldens' folder: the repository's share, or all of `-Dgoldens`.
    static Path root() {
        String all = System.getProperty("goldens", "");
        return all.isEmpty() ? Path.of("../core/src/test/resources/goldens")
                : Path.of(all, "goldens");
    }

    static Golden read(Path folder, String logitsFile) {
        try {
            var json = (Map<?, ?>) Json.parse(Files.readAllBytes(folder.resolve("golden.json")));
            byte[] bytes = Files.readAllBytes(folder.resolve(logitsFile));
            var logits = new float[bytes.length / 4];
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(logits);
            return new Golden(ints(json.get("prompt")), ints(json.get("greedy")), logits);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int[] ints(Object list) {
        return list == null ? new int[0]
                : ((List<?>) list).stream().mapToInt(v -> ((Long) v).intValue()).toArray();
    }

    /// A model opened on the backend `name`, which only our own models use.
    static LoadedModel open(Path model, String name, int context, int sequences) {
        var options = new LoadOptions(DType.F32, context, sequences, 64)
                .withGraph(new GraphOptions("cpu", 2));
        return LoadedModel.open(model, Kernels.open(name, new BackendOptions(0, 2,
                Long.MAX_VALUE)), options, _ -> { });
    }

    /// Logits of every position of `ids` in chunks of `chunk` rows, in the pages `page` and
    /// onward; then fills `greedyOut`.
    static float[] run(CausalLm lm, int[] ids, int chunk, int[] greedyOut) {
        var all = new float[ids.length * lm.vocab()];
        for (int from = 0; from < ids.length; from += chunk) {
            int count = Math.min(chunk, ids.length - from);
            float[] part = step(lm, Arrays.copyOfRange(ids, from, from + count), from, 0);
            System.arraycopy(part, 0, all, from * lm.vocab(), part.length);
        }
        var last = Arrays.copyOfRange(all, all.length - lm.vocab(), all.length);
        for (int i = 0; i < greedyOut.length; i++) {
            greedyOut[i] = argmax(last);
            last = step(lm, new int[] {greedyOut[i]}, ids.length + i, 0);
        }
        return all;
    }

    /// Logits of every row of one step of one sequence.
    ///
    /// @param firstPage  of the sequence; our own models take the following ones too
    static float[] step(CausalLm lm, int[] ids, int position, int firstPage) {
        var batch = new Batch(ids.length, 1);
        batch.clear();
        batch.sequence(pages(lm, firstPage));
        for (int i = 0; i < ids.length; i++) {
            batch.row(ids[i], position + i, true);
        }
        var logits = new float[ids.length * lm.vocab()];
        lm.forward(batch, Matrix.host(logits, ids.length, lm.vocab()));
        return logits;
    }

    static int[][] pages(CausalLm lm, int first) {
        var groups = lm.kvPlan().groups();
        var pages = new int[groups.size()][];
        for (int g = 0; g < pages.length; g++) {
            pages[g] = new int[groups.get(g).pages() - first];
            Arrays.setAll(pages[g], i -> first + i);
        }
        return pages;
    }

    static int argmax(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }

    static double largestDifference(float[] got, float[] want) {
        double most = got.length == want.length ? 0 : Double.MAX_VALUE;
        for (int i = 0; i < want.length; i++) {
            double difference = Math.abs((double) got[i] - want[i]);
            most = Double.isNaN(difference) ? Double.MAX_VALUE : Math.max(most, difference);
        }
        return most;
    }

    /// |got - want| / |want| in the Euclidean norm.
    static double relativeError(float[] got, float[] want) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < want.length; i++) {
            difference += Math.pow((double) got[i] - want[i], 2);
            norm += Math.pow(want[i], 2);
        }
        return Math.sqrt(difference / norm);
    }
}
