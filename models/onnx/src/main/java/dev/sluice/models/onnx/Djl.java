package dev.sluice.models.onnx;

import ai.djl.MalformedModelException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDList;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoopTranslator;
import java.io.IOException;
import java.nio.file.Path;

/// What is used of the Deep Java Library, always after [OnnxRuntime] has prepared it. Stateless.
final class Djl {
    private Djl() { }

    /// A graph on ONNX Runtime.
    static ZooModel<NDList, NDList> model(Path graph, int threads) {
        OnnxRuntime.environment();
        String name = graph.getFileName().toString();
        var criteria = Criteria.builder().setTypes(NDList.class, NDList.class)
                .optModelPath(graph.getParent())
                .optModelName(name.substring(0, name.length() - ".onnx".length()))
                .optEngine("OnnxRuntime")
                .optOption("interOpNumThreads", "1");
        if (threads > 0) {
            criteria.optOption("intraOpNumThreads", Integer.toString(threads));
        }
        try {
            return criteria.optTranslator(new NoopTranslator()).build().loadModel();
        } catch (IOException | ModelNotFoundException | MalformedModelException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new dev.sluice.models.MalformedModelException(graph,
                    "ONNX Runtime refuses the graph: " + String.valueOf(cause.getMessage())
                            .lines().findFirst().orElse(""));
        }
    }


    /// Any `tokenizer.json`. By default DJL cuts texts off at 512 ids without saying so.
    static HuggingFaceTokenizer tokenizer(Path file) {
        OnnxRuntime.environment();
        try {
            return HuggingFaceTokenizer.builder().optTokenizerPath(file).optTruncation(false)
                    .optPadding(false).build();
        } catch (IOException | RuntimeException e) {
            throw new dev.sluice.models.MalformedModelException(file,
                    "the tokenizer refuses it: " + String.valueOf(e.getMessage())
                            .lines().findFirst().orElse(""));
        }
    }
}
