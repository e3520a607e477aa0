package dev.sluice.models;

import dev.sluice.kernels.Matrix;
import java.util.List;

/// Weights by the names that GGUF files give them (`blk.3.attn_q.weight`), whichever format they
/// are stored in. Views of mapped memory wherever the stored form allows it.
public interface WeightSource {
    boolean has(String name);

    /// The matrix [N,K] of that name, or a [MalformedModelException] that names it.
    Matrix matrix(String name);

    /// One matrix per expert, of a tensor that is stacked in GGUF: `blk.3.ffn_gate_exps.weight`.
    List<Matrix> experts(String name, int count);

    /// Stored names that nothing has asked for so far.
    List<String> unused();
}
