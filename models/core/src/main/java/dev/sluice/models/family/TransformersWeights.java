package dev.sluice.models.family;

import dev.sluice.kernels.Dequantiser;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.WeightSource;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.SafetensorsFolder;
import dev.sluice.models.file.TensorType;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Weights of a transformers checkpoint under GGUF names. Views of the mapped file, except what the
/// two formats store otherwise and [Repacked] rewrites: Gemma's norms (stored without their one),
/// gpt-oss's interleaved experts, and FP8 tiles. One thread, while a model is opened.
final class TransformersWeights implements WeightSource {
    private final SafetensorsFolder folder;
    private final String architecture;
    private final Arena copies;
    private final Set<String> used = new HashSet<>();

    /// @param copies  owns the rewritten tensors
    TransformersWeights(SafetensorsFolder folder, String architecture, Arena copies) {
        this.folder = folder;
        this.architecture = architecture;
        this.copies = copies;
    }

    @Override
    public boolean has(String name) {
        return !find(name, 0).isEmpty() || hasFusedExperts(name);
    }

    @Override
    public Matrix matrix(String name) {
        if (name.contains("_exps.bias")) {
            return fusedBias(name);
        }
        if (hasFusedExperts(name)) {
            return halves(tensor(sharedName(name)).matrix(), name, 1).getFirst();
        }
        String stored = find(name, 0);
        if (stored.isEmpty()) {
            throw new MalformedModelException(folder.path(), "no tensor for " + name
                    + " (looked for " + TransformersNames.of(architecture, name) + ")");
        }
        Matrix m = stored(stored);
        boolean shifted = architecture.startsWith("gemma") && name.contains("norm");
        return shifted ? plusOne(m) : m;
    }

    @Override
    public List<Matrix> experts(String name, int count) {
        if (hasFusedExperts(name)) {
            return fusedExperts(name, count);
        }
        var out = new ArrayList<Matrix>(count);
        for (int e = 0; e < count; e++) {
            String stored = find(name, e);
            if (stored.isEmpty()) {
                throw new MalformedModelException(folder.path(),
                        "no tensor for expert %d of %s".formatted(e, name));
            }
            out.add(stored(stored));
        }
        return out;
    }

    @Override
    public List<String> unused() {
        var out = new ArrayList<String>();
        for (FileTensor tensor : folder.tensors()) {
            if (!used.contains(tensor.name())) {
                out.add(tensor.name());
            }
        }
        return out;
    }

    private String find(String name, int expert) {
        for (String pattern : TransformersNames.of(architecture, name)) {
            String candidate = pattern.contains("%d") ? pattern.formatted(expert) : pattern;
            if (folder.has(candidate)) {
                return candidate;
            }
        }
        return "";
    }

    private FileTensor tensor(String name) {
        used.add(name);
        return folder.tensor(name);
    }

    /// The tensor as [rows, cols], FP8 tiles joined with their scales.
    private Matrix stored(String name) {
        FileTensor tensor = tensor(name);
        if (tensor.type() == TensorType.F8_E4M3) {
            return Repacked.fp8(tensor, tensor(name + "_scale_inv"), copies);
        }
        return tensor.matrix();
    }

    private static Matrix plusOne(Matrix m) {
        var out = new float[m.rows() * m.cols()];
        Dequantiser.row(m.reshape(1, out.length), 0, out);
        for (int i = 0; i < out.length; i++) {
            out[i] += 1;
        }
        return Matrix.host(out, 1, out.length);
    }

    // ---- experts stored as one tensor ---------------------------------------------------

    /// blk.3.ffn_gate_exps.weight: model.layers.3.mlp.experts.
    private String fusedPrefix(String name) {
        String layer = name.split("[.]")[1];
        return switch (architecture) {
            case "gpt-oss" -> "model.layers." + layer + ".mlp.experts.";
            case "granitemoe" -> "model.layers." + layer + ".block_sparse_moe.";
            default -> "";
        };
    }

    private boolean hasFusedExperts(String name) {
        if (architecture.equals("granitemoe") && name.contains("_shexp.")) {
            return folder.has(sharedName(name));
        }
        boolean biased = architecture.equals("gpt-oss");
        return name.contains("_exps.") && !fusedPrefix(name).isEmpty()
                && (biased || name.endsWith(".weight"));
    }

    private static String sharedName(String name) {
        String layer = "model.layers." + name.split("[.]")[1] + ".shared_mlp.";
        return layer + (name.contains("ffn_down") ? "output_linear.weight" : "input_linear.weight");
    }

    private List<Matrix> fusedExperts(String name, int count) {
        boolean down = name.contains("ffn_down");
        if (architecture.equals("granitemoe")) {
            String stored = fusedPrefix(name) + (down ? "output_linear" : "input_linear")
                    + ".weight";
            return halves(tensor(stored).matrix(), name, count);
        }
        String stored = fusedPrefix(name) + (down ? "down_proj" : "gate_up_proj");
        Repacked.Rows rows = down ? Repacked.Rows.ALL
                : name.contains("ffn_gate") ? Repacked.Rows.EVEN : Repacked.Rows.ODD;
        if (folder.has(stored + "_blocks")) {
            return Repacked.mxfp4(tensor(stored + "_blocks"), tensor(stored + "_scales"), rows,
                    copies);
        }
        return Repacked.transposedExperts(tensor(stored), rows, copies);
    }

    /// Experts of a stack whose rows are gate then up.
    private static List<Matrix> halves(Matrix stack, String name, int count) {
        boolean down = name.contains("ffn_down");
        int rows = stack.rows() / count;
        var out = new ArrayList<Matrix>(count);
        for (int e = 0; e < count; e++) {
            Matrix expert = stack.rows(e * rows, rows);
            int half = name.contains("ffn_up") ? rows / 2 : 0;
            out.add(down ? expert : expert.rows(half, rows / 2));
        }
        return out;
    }

    private Matrix fusedBias(String name) {
        boolean down = name.contains("ffn_down");
        Matrix m = tensor(fusedPrefix(name) + (down ? "down_proj_bias" : "gate_up_proj_bias"))
                .matrix();
        if (down) {
            return m;
        }
        int first = name.contains("ffn_gate") ? 0 : 1;
        int inner = m.cols() / 2;
        var row = new float[m.cols()];
        var out = new float[m.rows() * inner];
        for (int e = 0; e < m.rows(); e++) {
            Dequantiser.row(m, e, row);
            for (int i = 0; i < inner; i++) {
                out[e * inner + i] = row[2 * i + first];
            }
        }
        return Matrix.host(out, m.rows(), inner);
    }
}
