package dev.sluice.benchmarks.gpu;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.WeightSource;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.TensorFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/// Random weights in the shapes of a file, normal with a deviation of 0.02 (quantised ones have
/// uniform codes). For each encoding one pool of random blocks is made, a little longer than the
/// largest tensor, and each tensor is a view of it from another block on: a model of 60 GB then
/// takes a second to make, and on the device every tensor has bytes of its own. Norms are near 1.
/// One thread.
final class RandomWeights implements WeightSource {
    private static final double DEVIATION = 0.02;
    /// Blocks by which the tensors' beginnings differ, at most.
    private static final long SHIFT_BLOCKS = 1 << 16;
    /// Blocks that one task of the filling makes.
    private static final long TASK_BLOCKS = 1 << 16;

    private final TensorFile file;
    private final Arena arena;
    private final long seed;
    private final Map<DType, MemorySegment> pools = new EnumMap<>(DType.class);
    private final Set<String> used = new HashSet<>();

    /// @param arena  owns the pools
    RandomWeights(TensorFile file, Arena arena, long seed) {
        this.file = file;
        this.arena = arena;
        this.seed = seed;
    }

    @Override
    public boolean has(String name) { return file.has(name); }

    @Override
    public Matrix matrix(String name) {
        Matrix stored = file.tensor(name).matrix();
        used.add(name);
        if (name.endsWith("norm.weight")) {
            return norm(name, stored);
        }
        long shift = Math.floorMod(name.hashCode() * 0x9E3779B97F4A7C15L, SHIFT_BLOCKS)
                * stored.dtype().blockBytes();
        return Matrix.of(stored.dtype(), stored.rows(), stored.cols(),
                pools.computeIfAbsent(stored.dtype(), this::pool), shift);
    }

    private static Matrix norm(String name, Matrix stored) {
        var random = new Random(name.hashCode());
        var values = new float[stored.rows() * stored.cols()];
        for (int i = 0; i < values.length; i++) {
            values[i] = 0.9f + 0.2f * random.nextFloat();
        }
        return Matrix.host(values, stored.rows(), stored.cols());
    }

    @Override
    public List<Matrix> experts(String name, int count) {
        Matrix stack = matrix(name);
        int rows = stack.rows() / count;
        var out = new ArrayList<Matrix>(count);
        for (int e = 0; e < count; e++) {
            out.add(stack.rows(e * rows, rows));
        }
        return out;
    }

    @Override
    public List<String> unused() {
        var out = new ArrayList<String>();
        for (FileTensor tensor : file.tensors()) {
            if (!used.contains(tensor.name())) {
                out.add(tensor.name());
            }
        }
        return out;
    }

    private MemorySegment pool(DType dtype) {
        long blocks = SHIFT_BLOCKS;
        for (FileTensor tensor : file.tensors()) {
            if (tensor.matrix().dtype() == dtype) {
                blocks = Math.max(blocks,
                        SHIFT_BLOCKS + tensor.byteSize() / dtype.blockBytes());
            }
        }
        MemorySegment memory = arena.allocate(blocks * dtype.blockBytes(), 64);
        fill(memory, dtype, blocks, seed);
        return memory;
    }

    /// Writes `blocks` random blocks, on every processor; the same for the same seed.
    static void fill(MemorySegment memory, DType dtype, long blocks, long seed) {
        short[] normal = normals(dtype);
        LongStream.range(0, Math.ceilDiv(blocks, TASK_BLOCKS)).parallel().forEach(task -> {
            var random = new SplittableRandom(seed * 31 + task);
            long to = Math.min(blocks, (task + 1) * TASK_BLOCKS);
            for (long block = task * TASK_BLOCKS; block < to; block++) {
                block(memory, dtype, block * dtype.blockBytes(), normal, random);
            }
        });
    }

    /// 2^12 normal numbers as bits of the type, or none where blocks are codes.
    private static short[] normals(DType dtype) {
        var random = new Random(7);
        var out = new short[1 << 12];
        for (int i = 0; i < out.length; i++) {
            float value = (float) (DEVIATION * random.nextGaussian());
            out[i] = dtype == DType.F16 ? Float.floatToFloat16(value)
                    : (short) (Float.floatToRawIntBits(value) >>> 16);
        }
        return out;
    }

    private static void block(MemorySegment memory, DType dtype, long at, short[] normal,
            SplittableRandom random) {
        switch (dtype) {
            case F32 -> memory.set(ValueLayout.JAVA_INT_UNALIGNED, at,
                    normal[random.nextInt() >>> 20] << 16);
            case F16, BF16 -> memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at,
                    normal[random.nextInt() >>> 20]);
            // A uniform code of -128..127 deviates by 74, one of -8..7 by 4.6.
            case Q8_0 -> codes(memory, at, 32, DEVIATION / 74, random);
            case Q4_0 -> codes(memory, at, 16, DEVIATION / 4.6, random);
            case I32, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4,
                    F8_E4M3 -> throw new IllegalArgumentException(
                            "random blocks of " + dtype + " are not made");
        }
    }

    /// A half-precision scale near `scale`, then so many bytes of codes.
    private static void codes(MemorySegment memory, long at, int bytes, double scale,
            SplittableRandom random) {
        memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at,
                Float.floatToFloat16((float) (scale * (0.75 + 0.5 * random.nextDouble()))));
        for (int i = 0; i < bytes; i += 8) {
            memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at + 2 + i, random.nextLong());
        }
    }
}
