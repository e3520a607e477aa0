package dev.sluice.bridge.console;

import dev.sluice.bridge.api.EventStream;
import dev.sluice.bridge.http.Exchange;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Stands between a browser and the server: slows streams down, or answers chats by itself.
///
/// @param delayMillis before each part of a stream
/// @param text        of every answer; empty to let the model speak
record ScriptedAnswer(long delayMillis, Optional<String> text) {
    static ScriptedAnswer none() { return new ScriptedAnswer(0, Optional.empty()); }

    static ScriptedAnswer slow(long millis) { return new ScriptedAnswer(millis, Optional.empty()); }

    static ScriptedAnswer saying(String text) { return new ScriptedAnswer(0, Optional.of(text)); }

    Exchange.Handler before(Exchange.Handler server) {
        return new Exchange.Handler() {
            @Override
            public void handle(Exchange exchange) {
                if (text.isPresent() && exchange.path().equals("/v1/chat/completions")) {
                    say(exchange, text.get());
                } else {
                    server.handle(delayMillis > 0 ? new Slow(exchange, delayMillis) : exchange);
                }
            }

            @Override
            public Exchange.Refusal refusal(int status, String message) {
                return server.refusal(status, message);
            }
        };
    }

    /// In pieces of three characters, so that marks are torn.
    private static void say(Exchange exchange, String text) {
        try (var events = new EventStream(exchange)) {
            for (int i = 0; i < text.length(); i += 3) {
                String piece = text.substring(i, Math.min(text.length(), i + 3));
                events.data(Map.of("choices", List.of(Map.of("delta", Map.of("content", piece)))));
            }
            events.mark("[DONE]");
        }
    }

    private record Slow(Exchange exchange, long delayMillis) implements Exchange {
        @Override
        public String method() { return exchange.method(); }

        @Override
        public String path() { return exchange.path(); }

        @Override
        public Optional<String> query(String name) { return exchange.query(name); }

        @Override
        public Optional<String> header(String name) { return exchange.header(name); }

        @Override
        public byte[] body() { return exchange.body(); }

        @Override
        public void onGone(Runnable action) { exchange.onGone(action); }

        @Override
        public void responseHeader(String name, String value) {
            exchange.responseHeader(name, value);
        }

        @Override
        public void respond(int status, String contentType, byte[] body) {
            exchange.respond(status, contentType, body);
        }

        @Override
        public int status() { return exchange.status(); }

        @Override
        public BodyStream stream(String contentType) {
            BodyStream stream = exchange.stream(contentType);
            return new BodyStream() {
                @Override
                public void write(byte[] bytes) {
                    Browser.pause(delayMillis);
                    stream.write(bytes);
                }

                @Override
                public void close() {
                    stream.close();
                }
            };
        }
    }
}
