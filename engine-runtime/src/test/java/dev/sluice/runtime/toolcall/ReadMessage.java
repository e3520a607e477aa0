package dev.sluice.runtime.toolcall;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.MessageEvent.ArgumentsGrew;
import dev.sluice.runtime.toolcall.MessageEvent.CallBegun;
import dev.sluice.runtime.toolcall.MessageEvent.CallEnded;
import dev.sluice.runtime.toolcall.MessageEvent.Content;
import dev.sluice.runtime.toolcall.MessageEvent.Malformed;
import dev.sluice.runtime.toolcall.MessageEvent.Reasoning;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;

/// A whole message as a client would put it together from its events. Checks their order.
public record ReadMessage(
        String reasoning, String content, List<Call> calls, List<String> problems) {

    /// @param ended whether the end was told
    public record Call(String name, Object arguments, boolean ended) { }

    static final class Collector implements Consumer<MessageEvent> {
        private final StringBuilder reasoning = new StringBuilder();
        private final StringBuilder content = new StringBuilder();
        private final List<String> names = new ArrayList<>();
        private final List<StringBuilder> arguments = new ArrayList<>();
        private final List<String> problems = new ArrayList<>();
        private final BitSet ended = new BitSet();

        @Override
        public void accept(MessageEvent event) {
            switch (event) {
                case Content(String text) -> content.append(text);
                case Reasoning(String text) -> reasoning.append(text);
                case CallBegun(int index, String _, String name) -> {
                    require(index == names.size(), "call " + index + " begins out of order");
                    names.add(name);
                    arguments.add(new StringBuilder());
                }
                case ArgumentsGrew(int index, String json) -> {
                    require(index == names.size() - 1, "arguments of a call that is not open");
                    arguments.get(index).append(json);
                }
                case CallEnded(int index) -> {
                    require(index == names.size() - 1, "a call that is not open ends");
                    ended.set(index);
                }
                case Malformed(int _, boolean _, String _, String reason) -> problems.add(reason);
            }
        }

        private static void require(boolean right, String message) {
            if (!right) {
                throw new AssertionError(message);
            }
        }

        ReadMessage message() {
            var calls = new ArrayList<Call>();
            for (int i = 0; i < names.size(); i++) {
                boolean whole = ended.get(i);
                String json = arguments.get(i).toString();
                calls.add(new Call(names.get(i), whole ? Json.parse(json) : json, whole));
            }
            return new ReadMessage(
                    reasoning.toString(), content.toString(), calls, List.copyOf(problems));
        }
    }

    public static ReadMessage of(MessageReader reader, List<String> pieces) {
        var collector = new Collector();
        for (String piece : pieces) {
            reader.push(piece, collector);
        }
        reader.finish(collector);
        return collector.message();
    }

    public static List<String> characters(String text) {
        var pieces = new ArrayList<String>();
        for (int i = 0; i < text.length(); i++) {
            pieces.add(text.substring(i, i + 1));
        }
        return pieces;
    }
}
