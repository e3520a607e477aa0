package dev.sluice.models.skip;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.file.TensorFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;

/// A [SkipPlan] in a file. All numbers are little-endian; a plan is a few megabytes, so it is read
/// whole:
///
///     "SLUICESK"  i32 version  64 bytes model key  i32 layers  i32 hidden
///     i64 tokens  f64 skipped, agreement, perplexity increase, divergence
///     i32 forecasts, and each:
///         i32 layer  i32 kind  f32 threshold  i32 rank
///         f32 gate [D]  down [rank,D]  up [D,rank]  bias [D]
public final class SkipPlanFile {
    private static final long MAGIC = 0x4b53454349554c53L;
    private static final int VERSION = 1;
    private static final int KEY_BYTES = 64;
    private static final int HEADER_BYTES = 8 + 4 + KEY_BYTES + 4 + 4 + 5 * 8 + 4;

    private final Path path;
    private final ByteBuffer bytes;

    private SkipPlanFile(Path path, ByteBuffer bytes) {
        this.path = path;
        this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
    }

    /// Writes `plan` over whatever is at `path`.
    public static void write(SkipPlan plan, Path path) {
        long size = HEADER_BYTES;
        for (Forecast forecast : plan.forecasts()) {
            size += 16 + 4L * plan.hidden() * (2 + 2L * forecast.map().rank());
        }
        var file = new SkipPlanFile(path, ByteBuffer.allocate(Math.toIntExact(size)));
        file.put(plan);
        try {
            Files.write(path, file.bytes.array());
        } catch (IOException e) {
            throw new UncheckedIOException("writing a skip plan to " + path, e);
        }
    }

    /// The plan in `path`, which must have been made for `model`.
    public static SkipPlan read(Path path, TensorFile model) {
        SkipPlan plan;
        try {
            plan = new SkipPlanFile(path, ByteBuffer.wrap(Files.readAllBytes(path))).plan();
        } catch (IOException e) {
            throw new UncheckedIOException("reading a skip plan from " + path, e);
        }
        String key = ModelKey.of(model);
        if (!key.equals(plan.modelKey())) {
            throw new UnsupportedModelException(
                    "%s: made for the model with key %s, %s has %s".formatted(
                            path, plan.modelKey(), model.path(), key));
        }
        return plan;
    }

    // ---- writing ------------------------------------------------------------------------

    private void put(SkipPlan plan) {
        bytes.putLong(MAGIC).putInt(VERSION);
        bytes.put(plan.modelKey().getBytes(StandardCharsets.US_ASCII));
        bytes.putInt(plan.layers()).putInt(plan.hidden());
        SkipFigures judged = plan.judged();
        bytes.putLong(judged.tokens()).putDouble(judged.skipped()).putDouble(judged.agreement())
                .putDouble(judged.perplexityIncrease()).putDouble(judged.divergence());
        bytes.putInt(plan.forecasts().size());
        for (Forecast forecast : plan.forecasts()) {
            LowRank map = forecast.map();
            bytes.putInt(forecast.layer()).putInt(forecast.kind().ordinal())
                    .putFloat(forecast.threshold()).putInt(map.rank());
            put(forecast.gate());
            put(map.down());
            put(map.up());
            put(map.bias());
        }
    }

    private void put(float[] values) {
        for (float value : values) {
            bytes.putFloat(value);
        }
    }

    // ---- reading ------------------------------------------------------------------------

    private SkipPlan plan() {
        try {
            require(bytes.getLong() == MAGIC, "not a skip plan");
            int version = bytes.getInt();
            require(version == VERSION, "version " + version + ", expected " + VERSION);
            var key = new byte[KEY_BYTES];
            bytes.get(key);
            int layers = bytes.getInt();
            int hidden = bytes.getInt();
            require(layers > 0 && hidden > 0, layers + " layers of " + hidden);
            var judged = new SkipFigures(bytes.getLong(), bytes.getDouble(), bytes.getDouble(),
                    bytes.getDouble(), bytes.getDouble());
            int count = bytes.getInt();
            require(count >= 0 && count <= 2L * layers, count + " forecasts");
            var forecasts = new ArrayList<Forecast>();
            for (int i = 0; i < count; i++) {
                forecasts.add(forecast(layers, hidden));
            }
            require(!bytes.hasRemaining(), bytes.remaining() + " bytes too many");
            return new SkipPlan(new String(key, StandardCharsets.US_ASCII), layers, hidden,
                    forecasts, judged);
        } catch (BufferUnderflowException e) {
            throw new MalformedModelException(path, bytes.position(), "the file ends early");
        }
    }

    private Forecast forecast(int layers, int hidden) {
        int layer = bytes.getInt();
        require(layer >= 0 && layer < layers, "layer " + layer + " of " + layers);
        int kind = bytes.getInt();
        require(kind >= 0 && kind < SublayerKind.values().length, "kind " + kind);
        float threshold = bytes.getFloat();
        require(!Float.isNaN(threshold), "threshold " + threshold);
        int rank = bytes.getInt();
        require(rank >= 0 && rank <= hidden, "rank " + rank + " of " + hidden);
        require(4L * hidden * (2 + 2L * rank) <= bytes.remaining(), "the file ends early");
        float[] gate = floats(hidden);
        var map = new LowRank(rank, floats(rank * hidden), floats(hidden * rank), floats(hidden));
        return new Forecast(layer, SublayerKind.values()[kind], gate, threshold, map);
    }

    private float[] floats(int count) {
        var out = new float[count];
        for (int i = 0; i < count; i++) {
            out[i] = bytes.getFloat();
            require(Float.isFinite(out[i]), "a weight of " + out[i]);
        }
        return out;
    }

    private void require(boolean sound, String otherwise) {
        if (!sound) {
            throw new MalformedModelException(path, bytes.position(), otherwise);
        }
    }
}
