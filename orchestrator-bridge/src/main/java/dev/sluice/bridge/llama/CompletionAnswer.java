package dev.sluice.bridge.llama;

import dev.sluice.bridge.chat.ChoiceReader;
import dev.sluice.bridge.chat.TokenText;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.TaskSlots;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.FinishReason;
import dev.sluice.runtime.Logprob;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.toolcall.MessageEvent;
import dev.sluice.runtime.toolcall.MessageEvent.Content;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One answer of `/completion` as it is read, and its JSON in the shapes of llama-server. One
/// thread.
///
/// `tokens_cached` is what llama-server sends, not what its documentation says: the tokens that
/// have keys and values in the end. What was reused stands in `timings.cache_n`. Each token has its
/// own entry among the probabilities, and its own event, also when it is only part of a character;
/// llama-server shows the token that completes the character alone.
final class CompletionAnswer {
    /// Hears of each token in a stream.
    interface Listener {
        void piece(Map<String, Object> piece);
    }

    private final HostedModel model;
    private final CompletionBody body;
    private final int index;
    private final TaskSlots.Task task;
    private final ChoiceReader reader;
    private final StringBuilder content = new StringBuilder();
    private final List<Integer> tokens = new ArrayList<>();
    private final List<Object> probabilities = new ArrayList<>();
    private final long begun = System.nanoTime();
    private long firstNanos;

    CompletionAnswer(HostedModel model, CompletionBody body, int index, TaskSlots.Task task) {
        this.model = model;
        this.body = body;
        this.index = index;
        this.task = task;
        reader = ChoiceReader.plain(task.stream(), model.tokenizer());
    }

    ChoiceReader reader() { return reader; }

    /// Reads to the end and gives the last or only object.
    ///
    /// @throws dev.sluice.bridge.api.ApiException if the engine fails
    Map<String, Object> read(Listener listener) {
        if (body.shape().stream() && body.shape().progress()) {
            reader.awaitPrompt(computed -> listener.piece(progress(computed)));
        }
        String held = "";
        while (reader.finished().isEmpty()) {
            ChoiceReader.Piece piece = reader.next();
            String text = body.predict() == 0 ? "" : text(piece);
            content.append(text);
            if (piece.tokenIds().isEmpty()) {
                held = text;
            } else if (body.predict() != 0) {
                add(piece, text, listener);
            }
        }
        return last(reader.finished().get(), held);
    }

    /// `total` tokens of the prompt, those that were there already among those that are there now.
    private Map<String, Object> progress(int computed) {
        int total = task.request().promptIds().length;
        var progress = new LinkedHashMap<String, Object>();
        progress.put("total", total);
        progress.put("cache", task.stream().cachedTokens());
        progress.put("processed", Math.min(total, computed));
        progress.put("time_ms", (System.nanoTime() - begun) / 1_000_000);
        var piece = new LinkedHashMap<String, Object>();
        piece.put("index", index);
        piece.put("content", "");
        piece.put("tokens", List.of());
        piece.put("stop", false);
        piece.put("id_slot", task.slot());
        piece.put("tokens_predicted", 0);
        piece.put("tokens_evaluated", total);
        piece.put("prompt_progress", progress);
        return piece;
    }

    private static String text(ChoiceReader.Piece piece) {
        var text = new StringBuilder();
        for (MessageEvent event : piece.events()) {
            text.append(event instanceof Content(String more) ? more : "");
        }
        return text.toString();
    }

    private void add(ChoiceReader.Piece read, String text, Listener listener) {
        long now = System.nanoTime();
        firstNanos = tokens.isEmpty() ? now : firstNanos;
        tokens.addAll(read.tokenIds());
        List<Object> entry = read.logprobs().isEmpty() ? List.of()
                : List.of(probability(read.logprobs()));
        probabilities.addAll(entry);
        if (body.predictMillis() > 0 && now - firstNanos > body.predictMillis() * 1_000_000L
                && content.indexOf("\n") >= 0) {
            reader.cancel();
        }
        var piece = new LinkedHashMap<String, Object>();
        piece.put("index", index);
        piece.put("content", text);
        piece.put("tokens", read.tokenIds());
        piece.put("stop", false);
        piece.put("id_slot", task.slot());
        piece.put("tokens_predicted", tokens.size());
        int prompt = task.request().promptIds().length;
        piece.put("tokens_evaluated", prompt);
        if (body.shape().timings()) {
            int cached = task.stream().cachedTokens();
            piece.put("timings", new Timings(cached, prompt - cached, firstNanos - begun,
                    tokens.size(), now - firstNanos).json());
        }
        if (!entry.isEmpty()) {
            piece.put("completion_probabilities", entry);
        }
        listener.piece(piece);
    }

    // ---- probabilities -----------------------------------------------------------------------

    private Map<String, Object> probability(List<Logprob> logprobs) {
        Map<String, Object> entry = one(logprobs.getFirst());
        var top = new ArrayList<Object>();
        for (Logprob each : logprobs.subList(1, logprobs.size())) {
            top.add(one(each));
        }
        entry.put("top_logprobs", top);
        return entry;
    }

    private Map<String, Object> one(Logprob logprob) {
        Tokenizer tokenizer = model.tokenizer();
        var entry = new LinkedHashMap<String, Object>();
        entry.put("id", logprob.tokenId());
        entry.put("token", TokenText.of(tokenizer, logprob.tokenId()));
        entry.put("bytes", TokenText.unsigned(tokenizer.bytes(logprob.tokenId())));
        entry.put("logprob", logprob.value());
        return entry;
    }

    // ---- the last object ---------------------------------------------------------------------

    private Map<String, Object> last(Finished finished, String held) {
        boolean streamed = body.shape().stream();
        int prompt = finished.usage().promptTokens();
        int predicted = body.predict() == 0 ? 0 : finished.usage().completionTokens();
        var last = new LinkedHashMap<String, Object>();
        last.put("index", index);
        // What was held back belongs to the stream's last object.
        last.put("content", streamed ? held : content.toString());
        last.put("tokens", body.shape().tokens() && !streamed ? tokens : List.of());
        last.put("id_slot", task.slot());
        last.put("stop", true);
        last.put("model", model.name());
        last.put("tokens_predicted", predicted);
        last.put("tokens_evaluated", prompt);
        last.put("generation_settings", GenerationSettings.of(body));
        last.put("prompt", text(task.request().promptIds()));
        last.put("has_new_line", content.indexOf("\n") >= 0);
        last.put("truncated", finished.reason() == FinishReason.CONTEXT_FULL);
        last.put("stop_type", stopType(finished));
        last.put("stopping_word", finished.stop());
        last.put("tokens_cached", prompt + finished.usage().completionTokens() - 1);
        last.put("timings", Timings.of(finished.usage()).json());
        if (!streamed && !probabilities.isEmpty()) {
            last.put("completion_probabilities", probabilities);
        }
        return body.shape().fields().isEmpty() ? last : picked(last);
    }

    private String stopType(Finished finished) {
        return switch (finished.reason()) {
            case STOP -> finished.stop().isEmpty() ? "eos" : "word";
            case LENGTH, CONTEXT_FULL, DEADLINE, CANCELLED -> "limit";
        };
    }

    /// The prompt as text, control tokens by their names.
    private String text(int[] promptIds) {
        var text = new ByteArrayOutputStream();
        for (int id : promptIds) {
            byte[] bytes = model.tokenizer().bytes(id);
            text.writeBytes(bytes.length > 0 ? bytes
                    : model.tokenizer().name(id).getBytes(StandardCharsets.UTF_8));
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    /// The fields asked for, each under its path; one that is not there is left out.
    private Map<String, Object> picked(Map<String, Object> all) {
        var picked = new LinkedHashMap<String, Object>();
        for (String path : body.shape().fields()) {
            Object value = all;
            for (String key : path.split("/", -1)) {
                value = value instanceof Map<?, ?> map && map.containsKey(key)
                        ? map.get(key) : picked;
            }
            if (value != picked) {
                picked.put(path, value);
            }
        }
        return picked;
    }
}
