package dev.sluice.langchain4j;

import static dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils.onCompleteResponse;
import static dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils.onCompleteToolCall;
import static dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils.onPartialResponse;
import static dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils.onPartialThinking;
import static dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils.onPartialToolCall;
import static dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils.withLoggingExceptions;

import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import dev.sluice.bridge.inprocess.InProcessAnswer;
import dev.sluice.bridge.inprocess.InProcessChat;
import dev.sluice.bridge.inprocess.InProcessException;
import dev.sluice.bridge.inprocess.InProcessReply;
import dev.sluice.runtime.toolcall.MessageEvent;
import dev.sluice.runtime.toolcall.MessageEvent.ArgumentsGrew;
import dev.sluice.runtime.toolcall.MessageEvent.CallBegun;
import dev.sluice.runtime.toolcall.MessageEvent.CallEnded;
import dev.sluice.runtime.toolcall.MessageEvent.Content;
import dev.sluice.runtime.toolcall.MessageEvent.Malformed;
import dev.sluice.runtime.toolcall.MessageEvent.Reasoning;
import java.util.Map;

/// One answer on its way to a handler. One thread, besides [Handle#cancel]. Whoever cancels hears
/// nothing more, as with LangChain4j's other models.
final class StreamedReply {
    private record Handle(InProcessAnswer answer) implements StreamingHandle {
        @Override
        public void cancel() {
            answer.cancel();
        }

        @Override
        public boolean isCancelled() { return answer.isCancelled(); }
    }

    private final InProcessChat chat;
    private final StreamingChatResponseHandler handler;

    StreamedReply(InProcessChat chat, StreamingChatResponseHandler handler) {
        this.chat = chat;
        this.handler = handler;
    }

    void run(ChatRequest request, Map<String, Object> fields) {
        try {
            InProcessAnswer answer = chat.ask(Requests.body(request, fields));
            var handle = new Handle(answer);
            InProcessReply reply = answer.read(event -> tell(event, answer, handle));
            if (!handle.isCancelled()) {
                onCompleteResponse(handler, Replies.response(chat.modelName(), reply));
            }
        } catch (InProcessException e) {
            withLoggingExceptions(() -> handler.onError(Replies.exception(e)));
        } catch (RuntimeException e) {
            withLoggingExceptions(() -> handler.onError(e));
        }
    }

    private void tell(MessageEvent event, InProcessAnswer answer, Handle handle) {
        if (handle.isCancelled()) {
            return;
        }
        switch (event) {
            case Content(String text) -> {
                if (!text.isEmpty()) {
                    onPartialResponse(handler, text, handle);
                }
            }
            case Reasoning(String text) -> {
                if (!text.isEmpty()) {
                    onPartialThinking(handler, text, handle);
                }
            }
            case ArgumentsGrew(int index, String json) -> {
                InProcessReply.Call call = answer.calls().get(index);
                if (!json.isEmpty()) {
                    onPartialToolCall(handler, PartialToolCall.builder().index(index)
                            .id(call.id()).name(call.name()).partialArguments(json).build(),
                            handle);
                }
            }
            case CallEnded(int index) -> onCompleteToolCall(handler, new CompleteToolCall(
                    index, Replies.request(answer.calls().get(index))));
            case CallBegun _, Malformed _ -> { }
        }
    }
}
