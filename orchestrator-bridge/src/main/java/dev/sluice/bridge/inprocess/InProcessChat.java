package dev.sluice.bridge.inprocess;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.ChatRun;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.openai.ChatCompletions;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.EngineOptions;
import dev.sluice.runtime.EngineStats;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;

/// A model in this process that is asked as `/v1/chat/completions` is, without HTTP: the same
/// fields, the same chat template, tool calls, grammars and refusals. It is what adapters for
/// other libraries stand on, so that none of them reads or writes a model's formats itself.
///
/// ```java
/// try (InProcessChat chat = InProcessChat.open(Path.of("model.gguf"))) {
///     InProcessReply reply = chat.ask(Map.of("messages",
///             List.of(Map.of("role", "user", "content", "Why is the sky blue?")))).read();
///     System.out.println(reply.content());
/// }
/// ```
///
/// Any thread. Closing it ends what is running and frees the model.
public final class InProcessChat implements AutoCloseable {
    /// Conversations answered at once, as `serve` has it.
    private static final int PARALLEL = 8;

    private final HostedModel model;

    private InProcessChat(HostedModel model) {
        this.model = model;
    }

    /// Opens a GGUF file or a folder of safetensors on the Vector API backend, with every
    /// processor, for eight conversations at once.
    public static InProcessChat open(Path model) {
        var load = new LoadOptions(LoadOptions.defaults().kvType(), 0, PARALLEL,
                LoadOptions.DEFAULT_MAX_ROWS);
        return open(model, Kernels.open("vector", BackendOptions.defaults()), load,
                EngineOptions.defaults().withParallel(PARALLEL));
    }

    /// Opens a model on `kernels`, which belong to it from then on, also when opening fails.
    public static InProcessChat open(
            Path model, Kernels kernels, LoadOptions options, EngineOptions sharing) {
        LoadedModel loaded = LoadedModel.open(model, kernels, options, _ -> { });
        boolean opened = false;
        try {
            String name = model.toAbsolutePath().getFileName().toString()
                    .replaceFirst("\\.gguf$", "");
            var hosted = new HostedModel(name, loaded, sharing, Clock.systemDefaultZone());
            opened = true;
            return new InProcessChat(hosted);
        } finally {
            if (!opened) {
                loaded.close();
            }
        }
    }

    /// The file's or the folder's name; the only one that a request's `model` may have.
    public String modelName() { return model.name(); }

    /// What its engine does and has done.
    public EngineStats stats() { return model.figures().engine(); }

    /// Submits a conversation.
    ///
    /// @param body the fields of `/v1/chat/completions`, as JSON values: texts, numbers, booleans,
    ///             lists and maps. How the answer is read is the caller's choice, so `stream` is
    ///             not among them; nor is an `n` above 1
    /// @throws InProcessException if it can not be served; nothing then runs
    public InProcessAnswer ask(Map<String, Object> body) {
        try {
            return submit(Fields.of(Json.write(body).getBytes(StandardCharsets.UTF_8)));
        } catch (ApiException e) {
            throw InProcessException.of(e);
        }
    }

    private InProcessAnswer submit(Fields fields) {
        fields.only("n", 1L);
        fields.only("stream", false);
        ChatRequest request = ChatCompletions.request(fields);
        if (!request.model().isEmpty() && !request.model().equals(model.name())) {
            throw new ApiException(ApiException.Kind.NOT_FOUND, "model",
                    "the model '%s' does not exist; there is: %s".formatted(
                            request.model(), model.name()));
        }
        return new InProcessAnswer(ChatRun.start(model, request).readers().getFirst());
    }

    @Override
    public void close() {
        model.close();
    }
}
