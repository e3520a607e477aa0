package dev.sluice.benchmarks.gpu;

import dev.sluice.kernels.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Shapes of models that are timed with random weights: those of Llama 3.1 8B and Qwen3 30B-A3B,
/// and tiny ones of the same families, with which the timing itself is tried on any machine.
///
/// Matrices of two dimensions have the encoding that is timed, embeddings and output included;
/// norms and the router's matrix are F32, as in the files of such models.
enum ModelShape {
    DENSE_8B("llama", 32, new Widths(128256, 4096, 14336), new Heads(32, 8, 128),
            new Experts(0, 0)),
    MOE_30B("qwen3moe", 48, new Widths(151936, 2048, 768), new Heads(32, 4, 128),
            new Experts(128, 8)),
    DENSE_SMALL("llama", 2, new Widths(1024, 256, 512), new Heads(4, 2, 64), new Experts(0, 0)),
    MOE_SMALL("qwen3moe", 2, new Widths(1024, 256, 128), new Heads(4, 2, 64), new Experts(16, 4));

    /// @param inner  of the feed-forward part, or of one expert
    record Widths(int vocab, int hidden, int inner) { }

    record Heads(int query, int keyValue, int dim) { }

    /// @param count  0 for a dense model
    record Experts(int count, int topK) { }

    /// @param dims  the fastest-varying first
    record Tensor(String name, DType dtype, long... dims) {
        long byteSize() {
            long rows = 1;
            for (int i = 1; i < dims.length; i++) {
                rows *= dims[i];
            }
            return rows * dtype.rowBytes(Math.toIntExact(dims[0]));
        }
    }

    private final String architecture;
    private final int layers;
    private final Widths widths;
    private final Heads heads;
    private final Experts experts;

    ModelShape(String architecture, int layers, Widths widths, Heads heads, Experts experts) {
        this.architecture = architecture;
        this.layers = layers;
        this.widths = widths;
        this.heads = heads;
        this.experts = experts;
    }

    /// `dense-8b` and so on, as the command line and the results name it.
    String text() { return name().toLowerCase(Locale.ROOT).replace('_', '-'); }

    static ModelShape of(String text) {
        for (ModelShape shape : values()) {
            if (shape.text().equals(text)) {
                return shape;
            }
        }
        throw new IllegalArgumentException("no shape '" + text + "'; there are dense-8b, moe-30b, "
                + "dense-small and moe-small");
    }

    String architecture() { return architecture; }

    int layers() { return layers; }

    Widths widths() { return widths; }

    Heads heads() { return heads; }

    Experts experts() { return experts; }

    /// Every tensor of a model of this shape with `layerCount` layers, in GGUF's names.
    List<Tensor> tensors(DType encoding, int layerCount) {
        var out = new ArrayList<Tensor>();
        int d = widths.hidden;
        out.add(new Tensor("token_embd.weight", encoding, d, widths.vocab));
        for (int layer = 0; layer < layerCount; layer++) {
            String blk = "blk." + layer + ".";
            int queries = heads.query * heads.dim;
            int keys = heads.keyValue * heads.dim;
            out.add(new Tensor(blk + "attn_norm.weight", DType.F32, d));
            out.add(new Tensor(blk + "attn_q.weight", encoding, d, queries));
            out.add(new Tensor(blk + "attn_k.weight", encoding, d, keys));
            out.add(new Tensor(blk + "attn_v.weight", encoding, d, keys));
            out.add(new Tensor(blk + "attn_output.weight", encoding, queries, d));
            out.add(new Tensor(blk + "ffn_norm.weight", DType.F32, d));
            addFeedForward(out, blk, encoding);
        }
        out.add(new Tensor("output_norm.weight", DType.F32, d));
        out.add(new Tensor("output.weight", encoding, d, widths.vocab));
        return out;
    }

    private void addFeedForward(List<Tensor> out, String blk, DType encoding) {
        int d = widths.hidden;
        int f = widths.inner;
        if (experts.count == 0) {
            out.add(new Tensor(blk + "ffn_gate.weight", encoding, d, f));
            out.add(new Tensor(blk + "ffn_up.weight", encoding, d, f));
            out.add(new Tensor(blk + "ffn_down.weight", encoding, f, d));
            return;
        }
        int e = experts.count;
        out.add(new Tensor(blk + "attn_q_norm.weight", DType.F32, heads.dim));
        out.add(new Tensor(blk + "attn_k_norm.weight", DType.F32, heads.dim));
        out.add(new Tensor(blk + "ffn_gate_inp.weight", DType.F32, d, e));
        out.add(new Tensor(blk + "ffn_gate_exps.weight", encoding, d, f, e));
        out.add(new Tensor(blk + "ffn_up_exps.weight", encoding, d, f, e));
        out.add(new Tensor(blk + "ffn_down_exps.weight", encoding, f, d, e));
    }
}
