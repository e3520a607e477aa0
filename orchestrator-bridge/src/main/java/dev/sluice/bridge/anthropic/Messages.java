package dev.sluice.bridge.anthropic;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.EventStream;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.chat.ChatPrompt;
import dev.sluice.bridge.chat.ChatRequest;
import dev.sluice.bridge.chat.ChatRun;
import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.bridge.chat.RunningChoices;
import dev.sluice.bridge.host.ModelHost;
import java.time.Duration;
import java.util.Map;

/// `POST /v1/messages` and `POST /v1/messages/count_tokens`. Any thread.
final class Messages {
    private final ModelHost host;
    private final Duration pings;

    /// @param pings after which a client that waits for its first token hears something
    Messages(ModelHost host, Duration pings) {
        this.host = host;
        this.pings = pings;
    }

    void countTokens(Call call, String requestId) {
        MessagesBody body = MessagesBody.read(call.fields(), call.client(), true);
        try (ModelHost.Lease lease = host.acquire(body.model())) {
            ChatRequest request = body.request(lease.model());
            int tokens = ChatPrompt.of(lease.model(), request).tokenIds().length;
            JsonReply.send(call.exchange(), 200, Map.of("input_tokens", tokens));
        }
    }

    void create(Call call, String requestId) {
        MessagesBody body = MessagesBody.read(call.fields(), call.client(), false);
        try (ModelHost.Lease lease = host.acquire(body.model())) {
            ChatRequest request = body.request(lease.model());
            ChatPrompt prompt = ChatPrompt.of(lease.model(), request);
            RunningChoices run = ChatRun.start(lease.model(), request, prompt);
            ChoiceReader answer = run.readers().getFirst();
            var writer = new MessageWriter(
                    body, lease.model().name(), prompt.tokenIds().length);
            run.serve(call.exchange(), () -> {
                if (body.stream()) {
                    stream(call, writer, answer, requestId);
                } else {
                    whole(call, writer, answer);
                }
            });
        }
    }

    private static void whole(Call call, MessageWriter writer, ChoiceReader answer) {
        var content = new WholeContent();
        var blocks = new BlockWriter(writer.shape(), content);
        writer.read(answer, blocks);
        JsonReply.send(call.exchange(), 200, writer.message(content.blocks(), answer, blocks));
    }

    private void stream(
            Call call, MessageWriter writer, ChoiceReader answer, String requestId) {
        try (var stream = new PatientStream(call.exchange(), writer.start(), pings)) {
            try {
                ChoiceReader.Piece first = stream.first(answer);
                EventStream events = stream.events();
                var blocks = new BlockWriter(writer.shape(), new StreamedContent(events));
                first.events().forEach(blocks::add);
                writer.read(answer, blocks);
                event(events, writer.delta(answer, blocks));
                event(events, Map.of("type", "message_stop"));
            } catch (ApiException e) {
                answer.cancel();
                if (!stream.hasBegun()) {
                    throw e;
                }
                event(stream.events(), AnthropicErrors.body(e, requestId));
            }
        }
    }

    /// An event is named by its type.
    static void event(EventStream events, Map<String, Object> value) {
        events.event((String) value.get("type"), value);
    }
}
