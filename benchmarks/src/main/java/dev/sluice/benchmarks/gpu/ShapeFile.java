package dev.sluice.benchmarks.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.models.file.GgufType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/// A GGUF file that has a header and a hole where the weights would be: it takes no room on the
/// disk, and a model is opened and planned from it as from any file. One thread.
final class ShapeFile {
    private static final int ALIGNMENT = 32;

    private final ByteArrayOutputStream values = new ByteArrayOutputStream();
    private int valueCount;

    private ShapeFile() { }

    /// @param positions  of the model's context
    static void write(Path file, ModelShape shape, DType encoding, int layers, int positions)
            throws IOException {
        var header = new ShapeFile();
        header.string("general.architecture", shape.architecture());
        header.string("general.name", shape.text());
        String prefix = shape.architecture() + ".";
        header.u32(prefix + "block_count", layers);
        header.u32(prefix + "context_length", positions);
        header.u32(prefix + "embedding_length", shape.widths().hidden());
        header.u32(prefix + "feed_forward_length", shape.widths().inner());
        header.u32(prefix + "attention.head_count", shape.heads().query());
        header.u32(prefix + "attention.head_count_kv", shape.heads().keyValue());
        header.u32(prefix + "attention.key_length", shape.heads().dim());
        header.u32(prefix + "attention.value_length", shape.heads().dim());
        header.f32(prefix + "attention.layer_norm_rms_epsilon", 1e-5f);
        header.f32(prefix + "rope.freq_base", 500_000);
        if (shape.experts().count() > 0) {
            header.u32(prefix + "expert_count", shape.experts().count());
            header.u32(prefix + "expert_used_count", shape.experts().topK());
            header.u32(prefix + "expert_feed_forward_length", shape.widths().inner());
        }
        header.write(file, shape.tensors(encoding, layers));
    }

    private void write(Path file, List<ModelShape.Tensor> tensors) throws IOException {
        var out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(little(20).putInt(3).putLong(tensors.size()).putLong(valueCount).array());
        out.writeBytes(values.toByteArray());
        long offset = 0;
        for (ModelShape.Tensor tensor : tensors) {
            text(out, tensor.name());
            out.writeBytes(little(4).putInt(tensor.dims().length).array());
            for (long dim : tensor.dims()) {
                out.writeBytes(little(8).putLong(dim).array());
            }
            out.writeBytes(little(12).putInt(typeId(tensor.dtype())).putLong(offset).array());
            offset += aligned(tensor.byteSize());
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(out.toByteArray()), 0);
            channel.write(ByteBuffer.wrap(new byte[1]), aligned(out.size()) + offset - 1);
        }
    }

    /// GGUF's numbers of the encodings that are timed.
    private static int typeId(DType dtype) {
        return switch (dtype) {
            case F32 -> 0;
            case F16 -> 1;
            case Q4_0 -> 2;
            case Q8_0 -> 8;
            case BF16 -> 30;
            case I32, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS,
                    MXFP4, F8_E4M3 ->
                    throw new IllegalArgumentException("models of " + dtype + " are not timed");
        };
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private void string(String key, String value) {
        begin(key, GgufType.STRING);
        text(values, value);
    }

    private void u32(String key, int value) {
        begin(key, GgufType.U32);
        values.writeBytes(little(4).putInt(value).array());
    }

    private void f32(String key, float value) {
        begin(key, GgufType.F32);
        values.writeBytes(little(4).putFloat(value).array());
    }

    private void begin(String key, GgufType type) {
        text(values, key);
        values.writeBytes(little(4).putInt(type.ordinal()).array());
        valueCount++;
    }

    private static void text(ByteArrayOutputStream out, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        out.writeBytes(little(8).putLong(utf8.length).array());
        out.writeBytes(utf8);
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
