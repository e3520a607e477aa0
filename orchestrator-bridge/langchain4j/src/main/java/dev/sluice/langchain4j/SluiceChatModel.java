package dev.sluice.langchain4j;

import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.sluice.bridge.inprocess.InProcessChat;
import dev.sluice.bridge.inprocess.InProcessException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A model in this process as LangChain4j's chat models, whole and streaming.
///
/// ```java
/// try (var model = SluiceChatModel.open(Path.of("model.gguf"))) {
///     System.out.println(model.chat("Why is the sky blue?"));
///     Assistant assistant = AiServices.builder(Assistant.class)
///             .chatModel(model).tools(new Calculator()).build();
/// }
/// ```
///
/// Immutable, any thread; the variants that `with...` makes share one engine, and closing one
/// closes all. What is refused is an exception of LangChain4j: a field that is wrong or not
/// supported is an `InvalidRequestException`, a full queue a `RateLimitException`. A thread that is
/// interrupted while it waits cancels its answer.
public final class SluiceChatModel implements ChatModel, StreamingChatModel, AutoCloseable {
    private final InProcessChat chat;
    private final ChatRequestParameters parameters;
    private final Map<String, Object> fields;
    private final List<ChatModelListener> listeners;

    private SluiceChatModel(InProcessChat chat, ChatRequestParameters parameters,
            Map<String, Object> fields, List<ChatModelListener> listeners) {
        this.chat = chat;
        this.parameters = parameters;
        this.fields = fields;
        this.listeners = listeners;
    }

    /// Opens a GGUF file or a folder of safetensors.
    public static SluiceChatModel open(Path model) {
        return of(InProcessChat.open(model));
    }

    /// Over an engine that is open already, which is closed with this.
    public static SluiceChatModel of(InProcessChat chat) {
        return new SluiceChatModel(
                chat, DefaultChatRequestParameters.EMPTY, Map.of(), List.of());
    }

    /// With parameters for every request that does not set them itself.
    public SluiceChatModel withDefaults(ChatRequestParameters defaults) {
        return new SluiceChatModel(
                chat, parameters.overrideWith(defaults), fields, listeners);
    }

    /// With a field of `/v1/chat/completions` in every request, for what LangChain4j has no word
    /// for: `seed`, `min_p`, `reasoning_effort`, `priority`, `chat_template_kwargs` and so on.
    public SluiceChatModel withField(String name, Object jsonValue) {
        var more = new HashMap<String, Object>(fields);
        more.put(name, jsonValue);
        return new SluiceChatModel(chat, parameters, Map.copyOf(more), listeners);
    }

    /// With those who hear of every request, response and error.
    public SluiceChatModel withListeners(List<ChatModelListener> hearing) {
        return new SluiceChatModel(chat, parameters, fields, List.copyOf(hearing));
    }

    /// The engine, for its figures.
    public InProcessChat inProcess() { return chat; }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        Map<String, Object> body = Requests.body(request, fields);
        try {
            return Replies.response(chat.modelName(), chat.ask(body).read());
        } catch (InProcessException e) {
            throw Replies.exception(e);
        }
    }

    /// Answers on a virtual thread, which makes every call of the handler.
    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        Thread.ofVirtual().name("sluice-stream").start(
                () -> new StreamedReply(chat, handler).run(request, fields));
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() { return parameters; }

    @Override
    public List<ChatModelListener> listeners() { return listeners; }

    @Override
    public ModelProvider provider() { return ModelProvider.OTHER; }

    @Override
    public Set<Capability> supportedCapabilities() {
        return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
    }

    @Override
    public void close() {
        chat.close();
    }
}
