package dev.sluice.bridge.openai;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.EventStream;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.chat.ChatRun;
import dev.sluice.bridge.chat.ChoiceQueue;
import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.bridge.chat.RunningChoices;
import dev.sluice.bridge.chat.TokenText;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.Exchange;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.Logprob;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.TokenStream;
import dev.sluice.runtime.toolcall.MessageEvent;
import dev.sluice.runtime.toolcall.MessageEvent.Content;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `POST /v1/completions`: text goes on, without a chat template.
public final class Completions {
    private final ModelHost host;

    public Completions(ModelHost host) {
        this.host = host;
    }

    public void handle(Call call) {
        CompletionBody body = CompletionBody.read(call.fields(), call.client());
        try (ModelHost.Lease lease = host.acquire(body.model())) {
            new Running(lease.model(), body).answer(call.exchange());
        }
    }

    /// One request: its prompts' choices, prompt after prompt.
    private static final class Running {
        private final String id = "cmpl-" + Identifiers.next("").substring(1);
        private final HostedModel model;
        private final CompletionBody body;
        private final List<ChoiceReader> choices = new ArrayList<>();

        Running(HostedModel model, CompletionBody body) {
            this.model = model;
            this.body = body;
            var prompts = new ArrayList<int[]>();
            for (int i = 0; i < body.prompts().size(); i++) {
                prompts.add(body.promptIds(i, model.tokenizer()));
            }
            boolean submitted = false;
            try {
                for (int[] promptIds : prompts) {
                    for (TokenStream each : ChatRun.submit(model, body.settings(), promptIds)) {
                        choices.add(ChoiceReader.plain(each, model.tokenizer()));
                    }
                }
                submitted = true;
            } finally {
                if (!submitted) {
                    cancel();
                }
            }
        }

        private void cancel() {
            new RunningChoices(choices).cancel();
        }

        void answer(Exchange exchange) {
            new RunningChoices(choices).serve(exchange, () -> {
                if (body.stream()) {
                    stream(exchange);
                } else {
                    whole(exchange);
                }
            });
        }

        private void whole(Exchange exchange) {
            var list = new ArrayList<Object>();
            for (int i = 0; i < choices.size(); i++) {
                ChoiceReader choice = choices.get(i);
                var text = new StringBuilder(echoed(i));
                var logprobs = new ArrayList<List<Logprob>>();
                while (choice.finished().isEmpty()) {
                    ChoiceReader.Piece piece = choice.next();
                    piece.events().forEach(event -> text.append(text(event)));
                    if (!piece.logprobs().isEmpty()) {
                        logprobs.add(piece.logprobs());
                    }
                }
                list.add(choice(i, text.toString(), logprobs, finishReason(choice)));
            }
            Map<String, Object> completion = head();
            completion.put("choices", list);
            completion.put("usage", usage());
            JsonReply.send(exchange, 200, completion);
        }

        private void stream(Exchange exchange) {
            var queue = new ChoiceQueue(choices);
            ChoiceQueue.Entry entry = queue.take();
            try (var events = new EventStream(exchange)) {
                try {
                    for (int i = 0; i < choices.size(); i++) {
                        if (!echoed(i).isEmpty()) {
                            events.data(chunk(choice(i, echoed(i), List.of(), null)));
                        }
                    }
                    send(events, entry);
                    while (queue.isOpen()) {
                        send(events, queue.take());
                    }
                    if (body.includeUsage()) {
                        Map<String, Object> last = head();
                        last.put("choices", List.of());
                        last.put("usage", usage());
                        events.data(last);
                    }
                } catch (ApiException e) {
                    cancel();
                    events.data(OpenAiErrors.body(e));
                }
                events.mark("[DONE]");
            }
        }

        private void send(EventStream events, ChoiceQueue.Entry entry) {
            if (entry.piece().isEmpty()) {
                events.data(chunk(choice(entry.choice(), "", List.of(),
                        finishReason(choices.get(entry.choice())))));
                return;
            }
            var text = new StringBuilder();
            entry.piece().get().events().forEach(event -> text.append(text(event)));
            List<Logprob> logprobs = entry.piece().get().logprobs();
            if (!text.isEmpty() || !logprobs.isEmpty()) {
                events.data(chunk(choice(entry.choice(), text.toString(),
                        logprobs.isEmpty() ? List.of() : List.of(logprobs), null)));
            }
        }

        private static String text(MessageEvent event) {
            return event instanceof Content(String text) ? text : "";
        }

        private String echoed(int choice) {
            return body.echoed(choice / body.settings().choices(), model.tokenizer());
        }

        private static String finishReason(ChoiceReader choice) {
            return ChatWriter.finishReason(choice.finished().orElseThrow().reason(), false);
        }

        private Map<String, Object> head() {
            var head = new LinkedHashMap<String, Object>();
            head.put("id", id);
            head.put("object", "text_completion");
            head.put("created", model.clock().millis() / 1000);
            head.put("model", model.name());
            return head;
        }

        private Map<String, Object> chunk(Map<String, Object> choice) {
            Map<String, Object> chunk = head();
            chunk.put("choices", List.of(choice));
            return chunk;
        }

        private Map<String, Object> choice(
                int index, String text, List<List<Logprob>> logprobs, String finishReason) {
            var choice = new LinkedHashMap<String, Object>();
            choice.put("index", index);
            choice.put("text", text);
            choice.put("logprobs", logprobs.isEmpty() ? null : logprobs(logprobs));
            choice.put("finish_reason", finishReason);
            return choice;
        }

        /// The older shape: one array for each property.
        private Map<String, Object> logprobs(List<List<Logprob>> tokens) {
            Tokenizer tokenizer = model.tokenizer();
            var texts = new ArrayList<Object>();
            var values = new ArrayList<Object>();
            var tops = new ArrayList<Object>();
            var offsets = new ArrayList<Object>();
            int offset = 0;
            for (List<Logprob> token : tokens) {
                String text = TokenText.of(tokenizer, token.getFirst().tokenId());
                texts.add(text);
                values.add(token.getFirst().value());
                offsets.add(offset);
                offset += text.length();
                var top = new LinkedHashMap<String, Object>();
                for (Logprob each : token.subList(1, token.size())) {
                    top.putIfAbsent(TokenText.of(tokenizer, each.tokenId()), each.value());
                }
                tops.add(top);
            }
            var logprobs = new LinkedHashMap<String, Object>();
            logprobs.put("tokens", texts);
            logprobs.put("token_logprobs", values);
            logprobs.put("top_logprobs", tops);
            logprobs.put("text_offset", offsets);
            return logprobs;
        }

        /// Of all prompts together.
        private Map<String, Object> usage() {
            var sum = new LinkedHashMap<String, Object>();
            long prompt = 0;
            long completion = 0;
            long cached = 0;
            int each = body.settings().choices();
            for (int from = 0; from < choices.size(); from += each) {
                var ends = new ArrayList<Finished>();
                for (ChoiceReader choice : choices.subList(from, from + each)) {
                    ends.add(choice.finished().orElseThrow());
                }
                Map<String, Object> usage = ChatWriter.usage(ends, 0);
                prompt += ((Number) usage.get("prompt_tokens")).longValue();
                completion += ((Number) usage.get("completion_tokens")).longValue();
                cached += ((Number) ((Map<?, ?>) usage.get("prompt_tokens_details"))
                        .get("cached_tokens")).longValue();
            }
            sum.put("prompt_tokens", prompt);
            sum.put("completion_tokens", completion);
            sum.put("total_tokens", prompt + completion);
            sum.put("prompt_tokens_details", Map.of("cached_tokens", cached));
            return sum;
        }
    }
}
