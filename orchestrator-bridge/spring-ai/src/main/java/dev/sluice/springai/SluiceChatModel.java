package dev.sluice.springai;

import dev.sluice.bridge.inprocess.InProcessAnswer;
import dev.sluice.bridge.inprocess.InProcessChat;
import dev.sluice.runtime.toolcall.MessageEvent;
import java.nio.file.Path;
import java.util.Map;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

/// A model in this process as Spring AI's chat model, whole and streaming. As with Spring AI's own
/// models since 2.0, calls of tools come back to the caller; `ChatClient` runs them.
///
/// ```java
/// try (var model = SluiceChatModel.open(Path.of("model.gguf"))) {
///     ChatClient client = ChatClient.create(model);
///     System.out.println(client.prompt("Why is the sky blue?").call().content());
/// }
/// ```
///
/// Immutable, any thread; the variant that [#withOptions] makes shares the engine, and closing one
/// closes both. What is refused is a [dev.sluice.bridge.inprocess.InProcessException] that names
/// the field and the kind.
public final class SluiceChatModel implements ChatModel, AutoCloseable {
    private final InProcessChat chat;
    private final SluiceChatOptions options;

    private SluiceChatModel(InProcessChat chat, SluiceChatOptions options) {
        this.chat = chat;
        this.options = options;
    }

    /// Opens a GGUF file or a folder of safetensors.
    public static SluiceChatModel open(Path model) {
        return of(InProcessChat.open(model));
    }

    /// Over an engine that is open already, which is closed with this.
    public static SluiceChatModel of(InProcessChat chat) {
        return new SluiceChatModel(chat, SluiceChatOptions.builder().build());
    }

    /// With options for every request that does not set them itself.
    public SluiceChatModel withOptions(SluiceChatOptions defaults) {
        return new SluiceChatModel(chat, defaults);
    }

    /// The engine, for its figures.
    public InProcessChat inProcess() { return chat; }

    /// A thread that is interrupted while it waits cancels its answer.
    @Override
    public ChatResponse call(Prompt prompt) {
        return Replies.whole(chat.modelName(), chat.ask(body(prompt)).read());
    }

    /// Pieces of text as they come, thinking in the metadata as `reasoningContent`; then one
    /// response with the calls of tools, the reason of the end and the usage. Each subscription
    /// is a request of its own, read by a virtual thread; cancelling it frees the engine.
    @Override
    public Flux<ChatResponse> stream(Prompt prompt) {
        return Flux.create(sink -> {
            Map<String, Object> body = body(prompt);
            Thread.ofVirtual().name("sluice-stream").start(() -> send(body, sink));
        });
    }

    private void send(Map<String, Object> body, FluxSink<ChatResponse> sink) {
        try {
            InProcessAnswer answer = chat.ask(body);
            sink.onDispose(answer::cancel);
            var reply = answer.read(event -> {
                switch (event) {
                    case MessageEvent.Content(String text) ->
                            sink.next(Replies.piece(chat.modelName(), text));
                    case MessageEvent.Reasoning(String text) ->
                            sink.next(Replies.thought(chat.modelName(), text));
                    case MessageEvent.CallBegun _, MessageEvent.ArgumentsGrew _,
                            MessageEvent.CallEnded _, MessageEvent.Malformed _ -> { }
                }
            });
            sink.next(Replies.last(chat.modelName(), reply));
            sink.complete();
        } catch (RuntimeException e) {
            sink.error(e);
        }
    }

    private Map<String, Object> body(Prompt prompt) {
        ChatOptions given = prompt.getOptions();
        SluiceChatOptions merged = switch (given) {
            case null -> options;
            // A client has merged these with ours already.
            case SluiceChatOptions ours -> ours;
            default -> options.mutate().combineWith(given.mutate()).build();
        };
        return Requests.body(prompt, merged);
    }

    @Override
    public SluiceChatOptions getOptions() { return options; }

    @Override
    public void close() {
        chat.close();
    }
}
