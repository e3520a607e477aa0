package dev.sluice.bridge.chat;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.chat.OutputGrammar.Thoughts;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.TaskSlots;
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
        return start(model, request, ChatPrompt.of(model, request));
    }

    /// Submits a conversation whose prompt is there already.
    ///
    /// @throws ApiException if it can not be served
    public static RunningChoices start(
            HostedModel model, ChatRequest request, ChatPrompt prompt) {
        ToolTypes types = ToolTypes.of(request.tools());
        if (!request.tools().isEmpty() && !model.callsTools()) {
            throw ApiException.invalid("tools", "tools: the model '%s' knows none"
                    .formatted(model.name()));
        }
        boolean inReasoning = model.opensReasoning(prompt.text());
        var grammar = new OutputGrammar(model, inReasoning ? Thoughts.OPEN
                : model.mayOpenReasoning(prompt.text()) ? Thoughts.POSSIBLE : Thoughts.NONE);
        var readers = new ArrayList<ChoiceReader>();
        for (TokenStream stream : streams(submit(model, request.settings(), prompt.tokenIds(),
                grammar, TaskSlots.NO_SLOT))) {
            MessageReader reader = model.reader(types, prompt.text());
            readers.add(new ChoiceReader(stream, reader, model.tokenizer(), inReasoning));
        }
        return new RunningChoices(List.copyOf(readers));
    }

    /// Queues a prompt, with refusals in the words of HTTP.
    public static List<TokenStream> submit(
            HostedModel model, ChatRequest.Settings settings, int[] promptIds) {
        return streams(submit(model, settings, promptIds, TaskSlots.NO_SLOT));
    }

    /// The same in a slot of one's choice, or [TaskSlots#NO_SLOT].
    public static List<TaskSlots.Task> submit(
            HostedModel model, ChatRequest.Settings settings, int[] promptIds, int slot) {
        return submit(model, settings, promptIds, new OutputGrammar(model, Thoughts.NONE), slot);
    }

    private static List<TaskSlots.Task> submit(HostedModel model, ChatRequest.Settings settings,
            int[] promptIds, OutputGrammar grammar, int slot) {
        try {
            var request = GenerateRequest.of(
                    promptIds, settings.maxTokens(), settings.sampling())
                    .withStopStrings(settings.stops())
                    .withHints(settings.hints())
                    .withCacheSalt(settings.cacheSalt())
                    .withConstraint(grammar.constraint(settings.rule()));
            List<TaskSlots.Task> tasks = model.slots().submit(
                    request, settings.choices(), slot);
            ObservedRequest.current().ifPresent(observed ->
                    observed.submitted(model, promptIds, streams(tasks)));
            return tasks;
        } catch (RequestRejected e) {
            throw refusal(e);
        } catch (IllegalArgumentException e) {
            throw ApiException.invalid("", e.getMessage());
        }
    }

    private static List<TokenStream> streams(List<TaskSlots.Task> tasks) {
        var streams = new ArrayList<TokenStream>();
        for (TaskSlots.Task task : tasks) {
            streams.add(task.stream());
        }
        return streams;
    }

    /// A refusal of the engine in the words of HTTP.
    public static ApiException refusal(RequestRejected rejected) {
        return switch (rejected.reason()) {
            case OVERLOADED -> new ApiException(
                    ApiException.Kind.OVERLOADED, "", rejected.getMessage());
            case ENGINE_STOPPED -> new ApiException(
                    ApiException.Kind.UNAVAILABLE, "", rejected.getMessage());
            case CONTEXT_LENGTH_EXCEEDED ->
                    ApiException.invalid("messages", rejected.getMessage())
                            .withCode("context_length_exceeded");
            case INVALID_REQUEST -> ApiException.invalid("", rejected.getMessage());
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
