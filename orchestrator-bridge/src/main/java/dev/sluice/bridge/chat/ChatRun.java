package dev.sluice.bridge.chat;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.runtime.GenerateRequest;
import dev.sluice.runtime.RequestRejected;
import dev.sluice.runtime.TokenEvent;
import dev.sluice.runtime.TokenStream;
import dev.sluice.runtime.toolcall.MessageReader;
import dev.sluice.runtime.toolcall.ToolTypes;
import java.util.ArrayList;
import java.util.List;

/// The running answers to one conversation, each to be read by one thread.
public final class ChatRun {
    private final List<ChoiceReader> choices = new ArrayList<>();
    private final int promptTokens;

    private ChatRun(HostedModel model, ChatRequest request) {
        String prompt = ChatPrompt.render(model, request);
        int[] promptIds = model.tokenizer().encodePrompt(prompt);
        promptTokens = promptIds.length;
        ToolTypes types = ToolTypes.of(request.tools());
        var grammar = new OutputGrammar(model, model.opensReasoning(prompt));
        for (TokenStream stream : submit(model, request.settings(), promptIds, grammar)) {
            MessageReader reader = model.reader(types, prompt);
            choices.add(new ChoiceReader(stream, reader, model.tokenizer()));
        }
    }

    /// Submits the conversation.
    ///
    /// @throws ApiException if it can not be served
    public static ChatRun start(HostedModel model, ChatRequest request) {
        return new ChatRun(model, request);
    }

    /// Queues a prompt, with refusals in the words of HTTP.
    public static List<TokenStream> submit(
            HostedModel model, ChatRequest.Settings settings, int[] promptIds) {
        return submit(model, settings, promptIds, new OutputGrammar(model, false));
    }

    private static List<TokenStream> submit(HostedModel model, ChatRequest.Settings settings,
            int[] promptIds, OutputGrammar grammar) {
        try {
            var request = GenerateRequest.of(
                    promptIds, settings.maxTokens(), settings.sampling())
                    .withStopStrings(settings.stops())
                    .withHints(settings.hints())
                    .withCacheSalt(settings.cacheSalt())
                    .withConstraint(grammar.constraint(settings.rule()));
            return model.engine().submit(request, settings.choices());
        } catch (RequestRejected e) {
            throw refusal(e);
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid("", e.getMessage());
        }
    }

    private static ApiException refusal(RequestRejected rejected) {
        return switch (rejected.reason()) {
            case OVERLOADED -> new ApiException(
                    ApiException.Kind.OVERLOADED, "", rejected.getMessage());
            case ENGINE_STOPPED -> new ApiException(
                    ApiException.Kind.UNAVAILABLE, "", rejected.getMessage());
            case CONTEXT_LENGTH_EXCEEDED, INVALID_REQUEST ->
                    ApiException.invalid("messages", rejected.getMessage());
        };
    }

    public List<ChoiceReader> choices() { return choices; }

    public int promptTokens() { return promptTokens; }

    /// Stops every answer at the engine's next step; from any thread.
    public void cancel() {
        for (ChoiceReader choice : choices) {
            choice.cancel();
        }
    }

    /// The failure of a stream as an error of the request.
    static ApiException failure(TokenEvent.Failed failed) {
        return new ApiException(switch (failed.failure()) {
            case NO_TOKEN, ENGINE_FAILED -> ApiException.Kind.FAILED;
            case ENGINE_STOPPED -> ApiException.Kind.UNAVAILABLE;
        }, "", failed.message());
    }
}
