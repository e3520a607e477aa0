package dev.sluice.bridge.openai;

import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.FinishReason;
import dev.sluice.runtime.Logprob;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.Usage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The JSON objects of one chat completion. One request's; any one thread at a time.
final class ChatWriter {
    private final String id = "chatcmpl-" + Identifiers.next("").substring(1);
    private final long created;
    private final String model;
    private final Tokenizer tokenizer;
    private final boolean logprobs;

    ChatWriter(HostedModel model, ChatRequest request) {
        created = model.clock().millis() / 1000;
        this.model = model.name();
        tokenizer = model.tokenizer();
        logprobs = request.settings().sampling().logprobs();
    }

    boolean logprobs() { return logprobs; }

    Map<String, Object> completion(List<ChatMessage> messages) {
        var choices = new ArrayList<Object>();
        var ends = new ArrayList<Finished>();
        int reasoning = 0;
        for (ChatMessage message : messages) {
            choices.add(message.choice());
            ends.add(message.finished());
            reasoning += message.reasoningTokens();
        }
        Map<String, Object> completion = head("chat.completion");
        completion.put("choices", choices);
        completion.put("usage", usage(ends, reasoning));
        return completion;
    }

    Map<String, Object> chunk(Map<String, Object> choice) {
        Map<String, Object> chunk = head("chat.completion.chunk");
        chunk.put("choices", List.of(choice));
        return chunk;
    }

    /// The last chunk of a stream that was asked for its usage.
    Map<String, Object> usageChunk(List<ChoiceReader> choices) {
        var ends = new ArrayList<Finished>();
        int reasoning = 0;
        for (ChoiceReader choice : choices) {
            ends.add(choice.finished().orElseThrow());
            reasoning += choice.reasoningTokens();
        }
        Map<String, Object> chunk = head("chat.completion.chunk");
        chunk.put("choices", List.of());
        chunk.put("usage", usage(ends, reasoning));
        return chunk;
    }

    private Map<String, Object> head(String object) {
        var head = new LinkedHashMap<String, Object>();
        head.put("id", id);
        head.put("object", object);
        head.put("created", created);
        head.put("model", model);
        return head;
    }

    /// Of all choices together: the prompt counts once.
    static Map<String, Object> usage(List<Finished> ends, int reasoning) {
        int prompt = 0;
        int cached = Integer.MAX_VALUE;
        int completion = 0;
        int accepted = 0;
        int guessed = 0;
        for (Finished end : ends) {
            Usage usage = end.usage();
            prompt = usage.promptTokens();
            cached = Math.min(cached, usage.cachedTokens());
            completion += usage.completionTokens();
            accepted += usage.acceptedTokens();
            guessed += usage.guessedTokens();
        }
        var usage = new LinkedHashMap<String, Object>();
        usage.put("prompt_tokens", prompt);
        usage.put("completion_tokens", completion);
        usage.put("total_tokens", prompt + completion);
        usage.put("prompt_tokens_details",
                Map.of("cached_tokens", ends.isEmpty() ? 0 : cached));
        usage.put("completion_tokens_details", Map.of("reasoning_tokens", reasoning,
                "accepted_prediction_tokens", accepted,
                "rejected_prediction_tokens", guessed - accepted));
        return usage;
    }

    static String finishReason(FinishReason reason, boolean calls) {
        return switch (reason) {
            case STOP -> calls ? "tool_calls" : "stop";
            case LENGTH, CONTEXT_FULL, DEADLINE -> "length";
            case CANCELLED -> "stop";
        };
    }

    Map<String, Object> logprobEntry(List<Logprob> entries) {
        return TokenLogprobs.entry(tokenizer, entries);
    }
}
