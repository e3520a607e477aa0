package dev.sluice.benchmarks.load;

import dev.sluice.benchmarks.load.AgentSession.Turn;
import dev.sluice.models.json.Json;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A server that speaks OpenAI's protocol, and how it is asked. Immutable.
///
/// @param url    up to `/v1`
/// @param apiKey empty for none
/// @param extra  fields that every request gets, as in `{"ignore_eos":true}`
record LoadTarget(URI url, String model, String apiKey, Form form, Ids ids,
        Map<String, Object> extra, Duration timeout) {

    /// Which endpoint, and what a prompt is there.
    enum Form { CHAT, TEXT, TOKENS }

    /// The ids that made-up token prompts consist of.
    record Ids(int low, int high) { }

    HttpRequest request(Turn turn) {
        var body = new LinkedHashMap<String, Object>();
        if (!model.isEmpty()) {
            body.put("model", model);
        }
        switch (form) {
            case CHAT -> body.put("messages", messages(turn));
            case TEXT -> body.put("prompt", text(turn));
            case TOKENS -> body.put("prompt", tokens(turn));
        }
        body.put("max_tokens", (long) turn.answerTokens());
        body.put("stream", true);
        body.put("stream_options", Map.of("include_usage", true));
        body.putAll(extra);
        byte[] bytes = Json.write(body).getBytes(StandardCharsets.UTF_8);
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url + switch (form) {
            case CHAT -> "/chat/completions";
            case TEXT, TOKENS -> "/completions";
        })).timeout(timeout).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(bytes));
        return apiKey.isEmpty() ? request.build()
                : request.header("Authorization", "Bearer " + apiKey).build();
    }

    /// Pieces of one role that follow each other are one message.
    private static List<Object> messages(Turn turn) {
        var messages = new ArrayList<Object>();
        String role = "";
        var content = new StringBuilder();
        for (PromptPiece piece : turn.prompt()) {
            if (!piece.role().equals(role) && !role.isEmpty()) {
                messages.add(Map.of("role", role, "content", content.toString().strip()));
                content.setLength(0);
            }
            role = piece.role();
            content.append(piece.text());
        }
        messages.add(Map.of("role", role, "content", content.toString().strip()));
        return messages;
    }

    private static String text(Turn turn) {
        var text = new StringBuilder();
        for (PromptPiece piece : turn.prompt()) {
            text.append(piece.text());
        }
        return text.toString();
    }

    private List<Object> tokens(Turn turn) {
        var tokens = new ArrayList<Object>();
        for (PromptPiece piece : turn.prompt()) {
            for (int id : piece.ids(ids.low, ids.high)) {
                tokens.add((long) id);
            }
        }
        return tokens;
    }
}
