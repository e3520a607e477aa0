package dev.sluice.models.onnx;

import static dev.sluice.models.onnx.OnnxGraph.attribute;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Puts a model's matrices into the weight file and the products with them into the graph. A
/// matrix whose rows are not whole blocks of 32 stays float32. One thread.
final class GraphWeights {
    /// Int8 activations: on the processor the codes are then multiplied by integer kernels, which
    /// is four to a hundred times as fast as decoding them first.
    private static final int ACCURACY_INT8 = 4;

    private final OnnxGraph graph;
    private final WeightFile file;
    private final WeightForm form;

    GraphWeights(OnnxGraph graph, WeightFile file, WeightForm form) {
        this.graph = graph;
        this.file = file;
        this.form = form;
    }

    WeightForm form() { return form; }

    /// The float32 vector of all elements.
    String vector(String name, Matrix m) {
        Matrix row = m.reshape(1, m.rows() * m.cols());
        return floats(name, row, row.cols());
    }

    /// Float32 values, as they are.
    String floats(String name, float[] values, long... dims) {
        WeightFile.Place place = file.write(4L * values.length,
                to -> MemorySegment.copy(values, 0, to, JAVA_FLOAT_UNALIGNED, 0, values.length));
        return graph.weight(name, OnnxType.FLOAT, place, dims);
    }

    /// The float32 matrix [N,K] under that name.
    String matrix(String name, Matrix m) {
        return floats(name, m, m.rows(), m.cols());
    }

    private String floats(String name, Matrix m, long... dims) {
        WeightFile.Place place = file.write(4L * m.rows() * m.cols(), to -> decode(m, to, 0));
        return graph.weight(name, OnnxType.FLOAT, place, dims);
    }

    private static void decode(Matrix m, MemorySegment to, long firstRow) {
        var row = new float[m.cols()];
        for (int r = 0; r < m.rows(); r++) {
            Dequantiser.row(m, r, row);
            MemorySegment.copy(row, 0, to, JAVA_FLOAT_UNALIGNED,
                    4 * (firstRow + r) * m.cols(), m.cols());
        }
    }

    /// Rows of the embedding table [V,D] for the tokens of `ids`, float32. A model that is not
    /// float32 has a float16 table, half the size.
    String embedded(String name, Matrix table, String ids) {
        if (form == WeightForm.F32) {
            return graph.node("Gather", List.of(matrix(name, table), ids));
        }
        WeightFile.Place place = file.write(2L * table.rows() * table.cols(), to -> {
            var row = new float[table.cols()];
            for (int r = 0; r < table.rows(); r++) {
                Dequantiser.row(table, r, row);
                for (int c = 0; c < row.length; c++) {
                    to.set(JAVA_SHORT_UNALIGNED, 2 * ((long) r * row.length + c),
                            Float.floatToFloat16(row[c]));
                }
            }
        });
        String halves = graph.weight(name, OnnxType.FLOAT16, place, table.rows(), table.cols());
        return graph.node("Cast", List.of(graph.node("Gather", List.of(halves, ids))),
                attribute("to", OnnxType.FLOAT.id()));
    }

    /// x [..,K] * m [N,K]^T in the graph's form.
    String product(String x, String name, Matrix m) {
        return product(x, name, m, form);
    }

    /// x [..,K] * m [N,K]^T with weights in that form.
    String product(String x, String name, Matrix m, WeightForm as) {
        if (as == WeightForm.F32 || m.cols() % BlockCodes.BLOCK != 0) {
            return productOf(x, matrix(name, m));
        }
        int bits = as.bits();
        var packed = new Packed(bits, m.rows(), m.cols());
        packed.put(m, 0, 1);
        String codes = packed.codes(name + ".codes", m.rows(), m.cols() / BlockCodes.BLOCK,
                BlockCodes.codeBytes(bits, BlockCodes.BLOCK));
        String scales = packed.scales(name + ".scales", m.rows(), m.cols() / BlockCodes.BLOCK);
        return graph.contrib("MatMulNBits", List.of(x, codes, scales),
                attribute("K", m.cols()), attribute("N", m.rows()), attribute("bits", bits),
                attribute("block_size", BlockCodes.BLOCK),
                attribute("accuracy_level", ACCURACY_INT8));
    }

    /// x [..,K] * weight [N,K]^T of a float32 matrix that is in the graph already.
    String productOf(String x, String weight) {
        return graph.contrib("FusedMatMul", List.of(x, weight), attribute("transB", 1));
    }

    // ---- experts ------------------------------------------------------------------------

    /// Names of a stack's codes and scales, or of its float32 values and nothing.
    record Stack(String values, String scales) { }

    /// The stack [E, parts * N, K] whose rows are row 0 of each of an expert's matrices, then row
    /// 1 of each, and so on: ONNX Runtime wants gate and up interleaved so.
    ///
    /// @param parts  lists of one matrix [N,K] per expert
    /// @param coded  in the graph's form, or else float32
    Stack experts(String name, List<List<Matrix>> parts, boolean coded) {
        Matrix first = parts.getFirst().getFirst();
        int experts = parts.getFirst().size();
        int rows = parts.size() * first.rows();
        if (!coded) {
            return new Stack(floatStack(name, parts, rows), "");
        }
        var packed = new Packed(form.bits(), experts * rows, first.cols());
        for (int e = 0; e < experts; e++) {
            for (int p = 0; p < parts.size(); p++) {
                packed.put(parts.get(p).get(e), e * rows + p, parts.size());
            }
        }
        return new Stack(
                packed.codes(name + ".codes", experts, rows,
                        BlockCodes.codeBytes(form.bits(), first.cols())),
                packed.scales(name + ".scales", experts, rows, first.cols() / BlockCodes.BLOCK));
    }

    private String floatStack(String name, List<List<Matrix>> parts, int rows) {
        Matrix first = parts.getFirst().getFirst();
        int experts = parts.getFirst().size();
        int cols = first.cols();
        WeightFile.Place place = file.write(4L * experts * rows * cols, to -> {
            for (int e = 0; e < experts; e++) {
                for (int r = 0; r < rows; r++) {
                    Matrix m = parts.get(r % parts.size()).get(e);
                    decode(m.rows(r / parts.size(), 1), to, (long) e * rows + r);
                }
            }
        });
        return graph.weight(name, OnnxType.FLOAT, place, experts, rows, cols);
    }

    /// Codes and scales of a stack under way; scales are small and wait in memory, since the file
    /// takes one tensor after another.
    private final class Packed {
        private final int bits;
        private final int rows;
        private final int cols;
        private final byte[] scales;
        private final List<Rows> parts = new java.util.ArrayList<>();

        /// Row r of `m` becomes row `first + r * stride`.
        private record Rows(Matrix m, int first, int stride) { }

        Packed(int bits, int rows, int cols) {
            this.bits = bits;
            this.rows = rows;
            this.cols = cols;
            scales = new byte[Math.multiplyExact(rows, cols / BlockCodes.BLOCK * 4)];
        }

        void put(Matrix m, int first, int stride) {
            parts.add(new Rows(m, first, stride));
        }

        String codes(String name, long... dims) {
            var packer = new BlockCodes(bits);
            MemorySegment scaleMemory = MemorySegment.ofArray(scales);
            long rowBytes = BlockCodes.codeBytes(bits, cols);
            WeightFile.Place place = file.write(rows * rowBytes, to -> {
                for (Rows part : parts) {
                    for (int r = 0; r < part.m.rows(); r++) {
                        long row = part.first + (long) r * part.stride;
                        packer.write(part.m, r, to, row * rowBytes, scaleMemory,
                                row * (cols / BlockCodes.BLOCK));
                    }
                }
            });
            return graph.weight(name, OnnxType.UINT8, place, dims);
        }

        String scales(String name, long... dims) {
            WeightFile.Place place = file.write(scales.length,
                    to -> to.copyFrom(MemorySegment.ofArray(scales)));
            return graph.weight(name, OnnxType.FLOAT, place, dims);
        }
    }
}
