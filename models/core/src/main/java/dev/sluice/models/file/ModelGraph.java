package dev.sluice.models.file;

import dev.sluice.models.CausalLm;
import dev.sluice.models.GraphOptions;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.ModelPlan;
import dev.sluice.models.ModelTexts;
import java.util.Map;

/// A model that comes as a whole graph, which another runtime executes. Its weights are listed for
/// whoever looks at them; they are that runtime's to load. Reading is safe from any thread.
public non-sealed interface ModelGraph extends TensorFile {
    /// The tokenizer and the chat template that lie beside the graph.
    ModelTexts texts();

    /// What [#load] would take with these options; nothing is loaded.
    ModelPlan plan(LoadOptions options);

    /// One line on what would run it, for example `ONNX Runtime 1.29.0 on cpu, as asked`. A
    /// provider that is asked for and absent is an [dev.sluice.models.UnsupportedModelException]
    /// with the reason.
    String runner(GraphOptions options);

    /// The graph, ready to run. Closing it closes this too.
    CausalLm load(ModelPlan plan, LoadOptions options);

    /// What is worth telling about the graph, in order, for `inspect`.
    Map<String, String> notes();
}
