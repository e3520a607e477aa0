package dev.sluice.bridge.openai;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.EventStream;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.ChatRun;
import dev.sluice.bridge.chat.ChoiceQueue;
import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.bridge.chat.RunningChoices;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.Exchange;
import java.util.ArrayList;

/// `POST /v1/chat/completions`.
public final class ChatCompletions {
    private final ModelHost host;

    public ChatCompletions(ModelHost host) {
        this.host = host;
    }

    public void handle(Call call) {
        ChatBody body = ChatBody.read(call.fields(), call.client());
        try (ModelHost.Lease lease = host.acquire(body.request().model())) {
            answer(call.exchange(), body, lease.model());
        }
    }

    /// The conversation in a body of this endpoint.
    public static ChatRequest request(Call call) {
        return ChatBody.read(call.fields(), call.client()).request();
    }

    /// The conversation in fields that did not come over HTTP.
    public static ChatRequest request(Fields fields) {
        return ChatBody.read(fields, "").request();
    }

    private static void answer(Exchange exchange, ChatBody body, HostedModel model) {
        RunningChoices run = ChatRun.start(model, body.request());
        var writer = new ChatWriter(model, body.request());
        run.serve(exchange, () -> {
            if (body.stream()) {
                stream(exchange, body, run, writer);
            } else {
                whole(exchange, run, writer);
            }
        });
    }

    private static void whole(Exchange exchange, RunningChoices run, ChatWriter writer) {
        var messages = new ArrayList<ChatMessage>();
        for (ChoiceReader choice : run.readers()) {
            messages.add(new ChatMessage(writer, choice).read());
        }
        JsonReply.send(exchange, 200, writer.completion(messages));
    }

    private static void stream(
            Exchange exchange, ChatBody body, RunningChoices run, ChatWriter writer) {
        // What fails before the first token is still an error with a status of its own.
        var queue = new ChoiceQueue(run.readers());
        ChoiceQueue.Entry entry = queue.take();
        try (var events = new EventStream(exchange)) {
            try {
                chunks(events, body, run, writer, queue, entry);
            } catch (ApiException e) {
                run.cancel();
                events.data(OpenAiErrors.body(e));
            }
            events.mark("[DONE]");
        }
    }

    private static void chunks(EventStream events, ChatBody body, RunningChoices run,
            ChatWriter writer, ChoiceQueue queue, ChoiceQueue.Entry first) {
        var chunks = new ArrayList<ChatChunks>();
        for (ChoiceReader choice : run.readers()) {
            chunks.add(new ChatChunks(events, writer, choice.index()));
        }
        chunks.forEach(ChatChunks::begin);
        ChoiceQueue.Entry entry = first;
        while (true) {
            ChatChunks to = chunks.get(entry.choice());
            if (entry.piece().isPresent()) {
                to.add(entry.piece().get());
            } else {
                to.end(run.readers().get(entry.choice()).finished().orElseThrow());
            }
            if (!queue.isOpen()) {
                break;
            }
            entry = queue.take();
        }
        if (body.includeUsage()) {
            events.data(writer.usageChunk(run.readers()));
        }
    }
}
