package dev.sluice.bridge.serve;

import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.runtime.EngineOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;

/// The tiny random model with a chat template that knows tools, and room for longer prompts. What
/// it says is noise; what a grammar rules is not.
public final class ToolModel implements ModelHost.Opener {
    /// Calls as `<tool_call>{"name": .., "arguments": ..}</tool_call>`.
    public static final String HERMES = """
            {%- if tools %}<|im_start|>system
            {% for tool in tools %}{{ tool | tojson }}
            {% endfor %}<tool_call></tool_call><|im_end|>
            {% endif %}
            {%- for m in messages %}<|im_start|>{{ m.role }}
            {{ m.content }}
            {%- for call in m.tool_calls or [] -%}
            <tool_call>{"name": "{{ call.function.name }}", "arguments": {{
            call.function.arguments | tojson }}}</tool_call>
            {%- endfor %}<|im_end|>
            {% endfor %}
            {%- if add_generation_prompt %}<|im_start|>assistant
            {% endif %}""";

    /// The same, and it thinks where it is told to.
    public static final String THINKING = HERMES
            .replace("{{ m.content }}", "{% if m.reasoning_content %}<think>"
                    + "{{ m.reasoning_content }}</think>{% endif %}{{ m.content }}")
            .replace("assistant\n", "assistant\n{% if enable_thinking %}<think>\n{% endif %}");

    private static final Path SOURCE =
            Path.of("../models/core/src/test/resources/goldens/llama/hf");

    private final Path folder;
    private final EngineOptions options;

    /// Eight sequences at once.
    public ToolModel(Path folder, String template) {
        this(folder, template, EngineOptions.defaults().withParallel(8));
    }

    /// Writes the model into an empty folder.
    public ToolModel(Path folder, String template, EngineOptions options) {
        this.folder = folder;
        this.options = options;
        try {
            for (String file : List.of("generation_config.json", "model.safetensors",
                    "tokenizer.json", "tokenizer_config.json")) {
                Files.copy(SOURCE.resolve(file), folder.resolve(file));
            }
            Files.writeString(folder.resolve("chat_template.jinja"), template);
            Files.writeString(folder.resolve("config.json"),
                    Files.readString(SOURCE.resolve("config.json")).replace(
                            "_position_embeddings\": 256", "_position_embeddings\": 4096"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public HostedModel open() {
        var load = new LoadOptions(DType.F32, 4096, 8, 64);
        LoadedModel model = LoadedModel.open(folder,
                Kernels.open("vector", BackendOptions.defaults()), load, _ -> { });
        return new HostedModel("tiny", model, options, Clock.systemUTC());
    }

    @Override
    public long bytes() { return 1 << 20; }
}
