package dev.sluice.models.family;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.Pooling;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.file.GgufFile;
import dev.sluice.models.file.GgufMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// What a GGUF file says about itself as an encoder, in the keys of gguf-py's `constants.py`.
final class GgufEncoder {
    static final Set<String> BERT = Set.of("bert", "nomic-bert");

    /// `pooling_type`
    private static final int NONE = 0;
    private static final int MEAN = 1;
    private static final int FIRST = 2;
    private static final int LAST = 3;
    private static final int RANK = 4;

    /// Models whose makers say that leading dimensions are embeddings too; GGUF has no key for it.
    private static final Pattern MATRYOSHKA = Pattern.compile(
            ".*(qwen3[- ]embedding|nomic[- ]embed[- ]text[- ]v1[.]5).*",
            Pattern.CASE_INSENSITIVE);

    private GgufEncoder() { }

    /// Whether the file is an encoder: a BERT, or a decoder that says how it is pooled.
    static boolean describes(GgufFile file) {
        String architecture = file.metadata().string("general.architecture", "");
        return BERT.contains(architecture)
                || file.metadata().integer(architecture + ".pooling_type", NONE) != NONE;
    }

    static EncoderRole role(GgufFile file) {
        GgufMetadata meta = file.metadata();
        String architecture = meta.string("general.architecture");
        boolean bert = BERT.contains(architecture);
        int type = meta.integer(architecture + ".pooling_type", MEAN);
        boolean matryoshka = MATRYOSHKA.matcher(meta.string("general.name", "")).matches();
        return switch (type) {
            // Server programs normalise what GGUF files give, and so do we: no file says not to.
            case NONE, MEAN -> EncoderRole.embedding(Pooling.MEAN, true, matryoshka);
            case FIRST -> EncoderRole.embedding(Pooling.FIRST, true, matryoshka);
            case LAST -> EncoderRole.embedding(Pooling.LAST, true, matryoshka);
            case RANK -> EncoderRole.scores(bert ? Pooling.FIRST : Pooling.LAST, labels(file),
                    new int[0]);
            default -> throw new UnsupportedModelException(
                    "%s: %s.pooling_type is %d; supported: 0 to 4".formatted(
                            file.path(), architecture, type));
        };
    }

    /// The head's labels; numbers where the file names none.
    private static List<String> labels(GgufFile file) {
        int rows = file.tensor("cls.output.weight").matrix().rows();
        String key = file.metadata().string("general.architecture") + ".classifier.output_labels";
        if (rows == 1) {
            return List.of();
        }
        List<String> named = file.metadata().has(key) ? file.metadata().strings(key) : List.of();
        var labels = new ArrayList<String>();
        for (int row = 0; row < rows; row++) {
            labels.add(named.size() == rows ? named.get(row) : "LABEL_" + row);
        }
        return labels;
    }

    static BertConfig bert(GgufFile file, int contextTokens) {
        GgufMetadata meta = file.metadata();
        String architecture = meta.string("general.architecture");
        String prefix = architecture + ".";
        if (meta.bool(prefix + "attention.causal", false)) {
            throw new UnsupportedModelException(file.path() + ": a causal " + architecture);
        }
        int hidden = meta.integer(prefix + "embedding_length");
        int heads = meta.integer(prefix + "attention.head_count");
        if (heads < 1 || hidden < 1 || hidden % heads != 0) {
            throw new MalformedModelException(file.path(), "%d heads of a hidden size of %d"
                    .formatted(heads, hidden));
        }
        boolean learned = file.has("position_embd.weight");
        int rows = learned ? file.tensor("position_embd.weight").matrix().rows() : 0;
        int context = meta.integer(prefix + "context_length");
        return new BertConfig(architecture, meta.string("general.name", ""),
                file.tensor("token_embd.weight").matrix().rows(),
                contextTokens > 0 ? Math.min(contextTokens, context) : context,
                layers(file, meta.integer(prefix + "block_count")), hidden,
                meta.integer(prefix + "feed_forward_length"), heads,
                meta.real(prefix + "attention.layer_norm_epsilon"),
                file.has("token_types.weight") ? file.tensor("token_types.weight").matrix().rows()
                        : 0,
                learned ? 0 : meta.real(prefix + "rope.freq_base", 10_000), rows, 0);
    }

    private static int layers(GgufFile file, int layers) {
        if (layers < 1 || layers > 512) {
            throw new MalformedModelException(file.path(), layers + " layers, must be 1 to 512");
        }
        return layers;
    }
}
