package dev.sluice.bridge.chat;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.observe.ObservedRequest;
import dev.sluice.runtime.GenerateRequest;
import dev.sluice.runtime.RequestRejected;
import dev.sluice.runtime.TokenEvent;
import dev.sluice.runtime.TokenStream;
import dev.sluice.runtime.toolcall.MessageReader;
import dev.sluice.runtime.toolcall.ToolTypes;
import java.util.ArrayList;
import java.util.List;

/// From conversations and prompts to running answers, each to be read by one thread.
public final class ChatRun {
    private ChatRun() { }

    /// Submits a conversation.
    ///
    /// @throws ApiException if it can not be served
    public static RunningChoices start(HostedModel model, ChatRequest request) {
        String prompt = ChatPrompt.render(model, request);
        int[] promptIds = model.tokenizer().encodePrompt(prompt);
        ToolTypes types = ToolTypes.of(request.tools());
        var grammar = new OutputGrammar(model, model.opensReasoning(prompt));
        var readers = new ArrayList<ChoiceReader>();
        for (TokenStream stream : submit(model, request.settings(), promptIds, grammar)) {
            MessageReader reader = model.reader(types, prompt);
            readers.add(new ChoiceReader(stream, reader, model.tokenizer()));
        }
        return new RunningChoices(List.copyOf(readers));
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
            List<TokenStream> streams = model.engine().submit(request, settings.choices());
            ObservedRequest.current().ifPresent(observed ->
                    observed.submitted(model, promptIds, streams));
            return streams;
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

    /// The failure of a stream as an error of the request.
    static ApiException failure(TokenEvent.Failed failed) {
        return new ApiException(switch (failed.failure()) {
            case NO_TOKEN, ENGINE_FAILED -> ApiException.Kind.FAILED;
            case ENGINE_STOPPED -> ApiException.Kind.UNAVAILABLE;
        }, "", failed.message());
    }
}
