/// Graphs that ONNX Runtime executes, and our own models written as such graphs.
module dev.sluice.models.onnx {
    requires transitive dev.sluice.models;
    requires ai.djl.api;
    requires ai.djl.tokenizers;
    requires com.microsoft.onnxruntime;

    exports dev.sluice.models.onnx;

    provides dev.sluice.models.TextEncoderProvider with dev.sluice.models.onnx.OnnxEncoders;
    provides dev.sluice.models.spi.ModelFormat with dev.sluice.models.onnx.OnnxFormat;
}
