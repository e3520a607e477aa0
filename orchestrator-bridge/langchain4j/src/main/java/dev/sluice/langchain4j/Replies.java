package dev.sluice.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.sluice.bridge.inprocess.InProcessException;
import dev.sluice.bridge.inprocess.InProcessReply;
import java.util.ArrayList;

/// The engine's answers and refusals in the types of LangChain4j.
final class Replies {
    private Replies() { }

    static ChatResponse response(String modelName, InProcessReply reply) {
        var calls = new ArrayList<ToolExecutionRequest>();
        for (InProcessReply.Call call : reply.calls()) {
            calls.add(request(call));
        }
        AiMessage.Builder message = AiMessage.builder().toolExecutionRequests(calls);
        if (!reply.content().isEmpty() || calls.isEmpty()) {
            message.text(reply.content());
        }
        if (!reply.reasoning().isEmpty()) {
            message.thinking(reply.reasoning());
        }
        return ChatResponse.builder().aiMessage(message.build()).modelName(modelName)
                .tokenUsage(SluiceTokenUsage.of(reply.usage()))
                .finishReason(reason(reply)).build();
    }

    static ToolExecutionRequest request(InProcessReply.Call call) {
        return ToolExecutionRequest.builder().id(call.id()).name(call.name())
                .arguments(call.arguments()).build();
    }

    private static FinishReason reason(InProcessReply reply) {
        return switch (reply.reason()) {
            case STOP -> reply.calls().isEmpty() ? FinishReason.STOP
                    : FinishReason.TOOL_EXECUTION;
            case LENGTH, CONTEXT_FULL, DEADLINE -> FinishReason.LENGTH;
            case CANCELLED -> FinishReason.OTHER;
        };
    }

    static LangChain4jException exception(InProcessException e) {
        return switch (e.kind()) {
            case INVALID -> new InvalidRequestException(e.getMessage(), e);
            case NO_SUCH_MODEL -> new ModelNotFoundException(e.getMessage(), e);
            case OVERLOADED -> new RateLimitException(e.getMessage(), e);
            case STOPPED, FAILED -> new InternalServerException(e.getMessage(), e);
        };
    }
}
