package dev.sluice.models.family;

import dev.sluice.kernels.Matrix;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.WeightSource;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.SafetensorsFolder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Weights of a transformers BERT, RoBERTa or XLM-R checkpoint under GGUF names, as they are. One
/// thread, while a model is opened.
final class BertWeights implements WeightSource {
    private static final List<String> PREFIXES = List.of("", "bert.", "roberta.");

    private static final Map<String, List<String>> NAMES = Map.ofEntries(
            Map.entry("token_embd", List.of("embeddings.word_embeddings")),
            Map.entry("position_embd", List.of("embeddings.position_embeddings")),
            Map.entry("token_types", List.of("embeddings.token_type_embeddings")),
            Map.entry("token_embd_norm", List.of("embeddings.LayerNorm")),
            Map.entry("cls", List.of("pooler.dense", "classifier.dense")),
            Map.entry("cls.output", List.of("classifier", "classifier.out_proj")),
            Map.entry("attn_q", List.of("attention.self.query")),
            Map.entry("attn_k", List.of("attention.self.key")),
            Map.entry("attn_v", List.of("attention.self.value")),
            Map.entry("attn_output", List.of("attention.output.dense")),
            Map.entry("attn_output_norm", List.of("attention.output.LayerNorm")),
            Map.entry("ffn_up", List.of("intermediate.dense")),
            Map.entry("ffn_down", List.of("output.dense")),
            Map.entry("layer_output_norm", List.of("output.LayerNorm")));

    private final SafetensorsFolder folder;
    private final Set<String> used = new HashSet<>();

    BertWeights(SafetensorsFolder folder) {
        this.folder = folder;
    }

    @Override
    public boolean has(String name) {
        return !find(name).isEmpty();
    }

    @Override
    public Matrix matrix(String name) {
        String stored = find(name);
        if (stored.isEmpty()) {
            throw new MalformedModelException(folder.path(),
                    "no tensor for " + name + " (looked for " + candidates(name) + ")");
        }
        used.add(stored);
        return folder.tensor(stored).matrix();
    }

    @Override
    public List<Matrix> experts(String name, int count) {
        throw new MalformedModelException(folder.path(), "no experts: " + name);
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

    private String find(String name) {
        for (String candidate : candidates(name)) {
            for (String prefix : PREFIXES) {
                if (folder.has(prefix + candidate)) {
                    return prefix + candidate;
                }
            }
        }
        return "";
    }

    /// `blk.3.attn_q.weight`: `encoder.layer.3.attention.self.query.weight`. Old files call a
    /// norm's weight gamma and its bias beta.
    private static List<String> candidates(String name) {
        int dot = name.lastIndexOf('.');
        String suffix = name.substring(dot);
        String part = name.substring(0, dot);
        String layer = "";
        if (part.startsWith("blk.")) {
            String[] parts = part.split("[.]", 3);
            layer = "encoder.layer." + parts[1] + ".";
            part = parts[2];
        }
        var out = new ArrayList<String>();
        for (String stored : NAMES.getOrDefault(part, List.of())) {
            out.add(layer + stored + suffix);
            if (stored.endsWith("LayerNorm")) {
                out.add(layer + stored + (suffix.equals(".bias") ? ".beta" : ".gamma"));
            }
        }
        return out;
    }
}
