package dev.sluice.springai;

import dev.sluice.bridge.inprocess.InProcessReply;
import dev.sluice.runtime.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;

/// The engine's answers in the types of Spring AI.
final class Replies {
    /// Where Spring AI's other models keep the thinking.
    static final String REASONING = "reasoningContent";

    private Replies() { }

    static ChatResponse whole(String model, InProcessReply reply) {
        return ended(model, reply, reply.content(), reply.reasoning());
    }

    /// The end of a stream, whose text is out already.
    static ChatResponse last(String model, InProcessReply reply) {
        return ended(model, reply, "", "");
    }

    private static ChatResponse ended(
            String model, InProcessReply reply, String content, String reasoning) {
        var calls = new ArrayList<AssistantMessage.ToolCall>();
        for (InProcessReply.Call call : reply.calls()) {
            calls.add(new AssistantMessage.ToolCall(
                    call.id(), "function", call.name(), call.arguments()));
        }
        var message = message(content, reasoning, calls);
        var end = ChatGenerationMetadata.builder().finishReason(reason(reply)).build();
        return new ChatResponse(List.of(new Generation(message, end)),
                ChatResponseMetadata.builder().model(model).usage(usage(reply.usage())).build());
    }

    /// The whole [Usage] is the native one.
    private static DefaultUsage usage(Usage usage) {
        int prompt = usage.promptTokens();
        int completion = usage.completionTokens();
        return new DefaultUsage(prompt, completion, prompt + completion, usage,
                (long) usage.cachedTokens(), (long) prompt - usage.cachedTokens());
    }

    private static String reason(InProcessReply reply) {
        return switch (reply.reason()) {
            case STOP -> reply.calls().isEmpty() ? "STOP" : "TOOL_CALLS";
            case LENGTH, CONTEXT_FULL, DEADLINE -> "LENGTH";
            case CANCELLED -> "CANCELLED";
        };
    }

    static ChatResponse piece(String model, String text) {
        return running(model, message(text, "", List.of()));
    }

    static ChatResponse thought(String model, String text) {
        return running(model, message("", text, List.of()));
    }

    private static ChatResponse running(String model, AssistantMessage message) {
        return new ChatResponse(List.of(new Generation(message)),
                ChatResponseMetadata.builder().model(model).build());
    }

    private static AssistantMessage message(
            String content, String reasoning, List<AssistantMessage.ToolCall> calls) {
        return AssistantMessage.builder().content(content).toolCalls(calls)
                .properties(reasoning.isEmpty() ? Map.of() : Map.of(REASONING, reasoning))
                .build();
    }
}
