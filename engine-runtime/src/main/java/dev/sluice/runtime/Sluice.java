package dev.sluice.runtime;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A model to talk to from Java. Any thread; closing it ends what is running and frees the model.
///
/// ```java
/// try (Sluice sluice = Sluice.open(Path.of("model.gguf"))) {
///     for (String piece : sluice.chat("Why is the sky blue?")) System.out.print(piece);
///     Session main = sluice.session("You are brief.");
///     main.say("Name a colour.").text();
///     Session other = main.fork();
///     other.park("compiler", Duration.ofSeconds(20));   // its pages may go elsewhere meanwhile
///     other.resume();
/// }
/// ```
public final class Sluice implements AutoCloseable {
    private final Engine engine;
    private final Tokenizer tokenizer;
    private final ChatFormatter formatter;
    private final AnswerOptions options;

    private Sluice(
            Engine engine, Tokenizer tokenizer, ChatFormatter formatter, AnswerOptions options) {
        this.engine = engine;
        this.tokenizer = tokenizer;
        this.formatter = formatter;
        this.options = options;
    }

    /// Opens a GGUF file or a folder of safetensors on the Vector API backend, with every
    /// processor and the defaults of [LoadOptions].
    public static Sluice open(Path model) {
        return open(model, Kernels.open("vector", BackendOptions.defaults()),
                LoadOptions.defaults());
    }

    /// Opens a model on `kernels`, which belong to it from then on, also when opening fails.
    public static Sluice open(Path model, Kernels kernels, LoadOptions options) {
        return open(model, kernels, options, EngineOptions.defaults());
    }

    /// The same with a say in how the engine shares the model. Without a model id in `sharing` the
    /// model gets one, so that sessions can be saved.
    public static Sluice open(
            Path model, Kernels kernels, LoadOptions options, EngineOptions sharing) {
        String backend = kernels.backendName();
        LoadedModel loaded = LoadedModel.open(model, kernels, options, _ -> { });
        boolean opened = false;
        try {
            EngineOptions named = sharing.kept().modelId().isEmpty()
                    ? sharing.withModelId(loaded, backend)
                    : sharing;
            Sluice sluice = of(ModelBundle.of(loaded), named);
            opened = true;
            return sluice;
        } finally {
            if (!opened) {
                loaded.close();
            }
        }
    }

    /// Starts an engine for a model, which it closes in the end.
    public static Sluice of(ModelBundle bundle) {
        return of(bundle, EngineOptions.defaults());
    }

    public static Sluice of(ModelBundle bundle, EngineOptions sharing) {
        return new Sluice(new Engine(bundle.model(), bundle.tokenizer(), sharing),
                bundle.tokenizer(), bundle.chat(), AnswerOptions.defaults());
    }

    /// The same engine with other options for its answers. Closing either closes both.
    public Sluice with(AnswerOptions other) {
        return new Sluice(engine, tokenizer, formatter, other);
    }

    /// The token level, for whoever needs more than text.
    public Engine engine() { return engine; }

    public AnswerOptions options() { return options; }

    /// Answers one user message.
    public Answer chat(String message) {
        int[] prompt = encode(List.of(message("user", message)));
        return new Answer(engine.submit(request(prompt)), _ -> {});
    }

    /// Goes on from a text as it stands, without a chat template. Control tokens in it are parsed.
    public Answer complete(String prompt) {
        int[] promptIds = tokenizer.encodePrompt(prompt);
        return new Answer(engine.submit(request(promptIds)), _ -> {});
    }

    /// A conversation without a system prompt.
    public Session session() {
        return new Session(this, engine.branch(), List.of());
    }

    /// A conversation whose messages are computed once.
    public Session session(String systemPrompt) {
        return new Session(this, engine.branch(), List.of(message("system", systemPrompt)));
    }

    /// A conversation that [Session#save] wrote to a folder, perhaps in another process. What its
    /// keys and values are is restored, not computed.
    ///
    /// @throws RequestRejected if the files are another model's, torn or changed
    public Session restore(Path folder) throws IOException {
        return SessionFiles.read(this, folder);
    }

    GenerateRequest request(int[] promptIds) {
        return GenerateRequest.of(promptIds, options.maxTokens(), options.sampling())
                .withStopStrings(options.stopStrings()).withHints(options.hints());
    }

    int[] encode(List<Map<String, Object>> messages) {
        return tokenizer.encodePrompt(formatter.format(messages));
    }

    /// A message whose text can not smuggle control tokens in.
    Map<String, Object> message(String role, String content) {
        var message = new LinkedHashMap<String, Object>();
        message.put("role", role);
        message.put("content", tokenizer.guard(content));
        return message;
    }

    @Override
    public void close() {
        engine.close();
    }
}
