package dev.sluice.models.family;

import dev.sluice.models.UnsupportedModelException;
import java.util.ArrayList;
import java.util.List;

/// Every model family that runs.
final class Families {
    static final List<Family> ALL = List.of(
            new Llama(), new Qwen2(), new Qwen3(), new SmolLm3(), new Phi3(), new Gemma2(),
            new Gemma3(), new Olmo2(), new Granite(), new Olmoe(), new Qwen2Moe(), new Qwen3Moe(),
            new DeepSeek(), new Glm4Moe(), new GraniteMoe(), new GptOss());

    private Families() { }

    /// The family of a GGUF architecture.
    static Family of(String architecture) {
        for (Family family : ALL) {
            if (family.architecture().equals(architecture)) {
                return family;
            }
        }
        throw unsupported(architecture);
    }

    /// The family of a transformers class name such as `Qwen3ForCausalLM`.
    static Family ofTransformers(String name) {
        for (Family family : ALL) {
            if (family.transformersNames().contains(name)) {
                return family;
            }
        }
        throw unsupported(name);
    }

    private static UnsupportedModelException unsupported(String name) {
        if (GgufEncoder.BERT.contains(name) || FolderEncoder.isBert(name)) {
            return new UnsupportedModelException(("architecture '%s' encodes texts and generates "
                    + "none: 'serve' hosts it for /v1/embeddings or /v1/rerank, Embedder opens it "
                    + "in Java").formatted(name));
        }
        var known = new ArrayList<String>();
        for (Family family : ALL) {
            known.add(family.architecture() + " (" + String.join(", ", family.transformersNames())
                    + ")");
        }
        return new UnsupportedModelException("architecture '%s' is not supported; supported: %s"
                .formatted(name, String.join("; ", known)));
    }
}
