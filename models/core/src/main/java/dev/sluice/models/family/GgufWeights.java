package dev.sluice.models.family;

import dev.sluice.kernels.Matrix;
import dev.sluice.models.WeightSource;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.GgufFile;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Weights of a GGUF file, as they are. Experts come stacked, fused with the gate (newer
/// DeepSeek files), or one tensor each (the first Mixtral files). One thread, while a model is
/// opened.
final class GgufWeights implements WeightSource {
    private final GgufFile file;
    private final Set<String> used = new HashSet<>();

    GgufWeights(GgufFile file) {
        this.file = file;
    }

    @Override
    public boolean has(String name) {
        return file.has(name) || (name.contains("_exps.") && hasExperts(name));
    }

    @Override
    public Matrix matrix(String name) {
        used.add(name);
        return file.tensor(name).matrix();
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

    @Override
    public List<Matrix> experts(String name, int count) {
        var out = new ArrayList<Matrix>(count);
        if (file.has(name)) {
            Matrix stack = stacked(name, count);
            int rows = stack.rows() / count;
            for (int e = 0; e < count; e++) {
                out.add(stack.rows(e * rows, rows));
            }
        } else if (file.has(fused(name)) && !name.contains("ffn_down")) {
            Matrix stack = stacked(fused(name), count);
            int rows = stack.rows() / count / 2;
            int half = name.contains("ffn_gate") ? 0 : rows;
            for (int e = 0; e < count; e++) {
                out.add(stack.rows(2 * e * rows + half, rows));
            }
        } else {
            for (int e = 0; e < count; e++) {
                out.add(matrix(single(name, e)));
            }
        }
        return out;
    }

    private Matrix stacked(String name, int count) {
        Matrix stack = matrix(name);
        if (stack.rows() % count != 0) {
            throw new dev.sluice.models.MalformedModelException(file.path(),
                    "tensor %s has %d rows for %d experts".formatted(name, stack.rows(), count));
        }
        return stack;
    }

    private boolean hasExperts(String name) {
        return file.has(fused(name)) || file.has(single(name, 0));
    }

    private static String fused(String name) {
        return name.replaceFirst("ffn_(gate|up)_exps", "ffn_gate_up_exps");
    }

    /// blk.0.ffn_gate_exps.weight of expert 3: blk.0.ffn_gate.3.weight
    private static String single(String name, int expert) {
        return name.replace("_exps.", "." + expert + ".");
    }
}
