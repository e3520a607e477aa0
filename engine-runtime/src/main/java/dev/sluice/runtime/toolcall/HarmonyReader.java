package dev.sluice.runtime.toolcall;

import dev.sluice.runtime.toolcall.CallText.Found;
import dev.sluice.runtime.toolcall.CallText.Progress;
import dev.sluice.runtime.toolcall.MessageEvent.Content;
import dev.sluice.runtime.toolcall.MessageEvent.Malformed;
import dev.sluice.runtime.toolcall.MessageEvent.Reasoning;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// Reads gpt-oss's harmony messages, whose parts are channels instead of marked sections:
///
///     <|channel|>analysis<|message|> reasoning <|end|>
///     <|start|>assistant<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>{..}
///     <|call|> or <|start|>assistant<|channel|>final<|message|> content <|return|>
final class HarmonyReader implements MessageReader {
    private enum Part { HEADER, REASONING, CONTENT, CALL, FAILED_CALL }

    private static final String MESSAGE = "<|message|>";
    private static final List<String> HEADER_END = List.of(MESSAGE);
    private static final List<String> PART_ENDS =
            List.of("<|end|>", "<|call|>", "<|return|>", "<|start|>", "<|channel|>");

    private final CallText in = new CallText();
    private Part part = Part.HEADER;
    private int calls;
    private CallSink call = new CallSink(_ -> { }, 0, Set.of());
    private StepRun.ArgumentsRun arguments = new StepRun.ArgumentsRun();

    @Override
    public void push(String text, Consumer<MessageEvent> out) {
        in.append(text);
        read(out);
    }

    @Override
    public void finish(Consumer<MessageEvent> out) {
        in.end();
        read(out);
        if (part == Part.HEADER && in.length() > 0) {
            String rest = in.upTo(in.length());
            if (!rest.isBlank() && !rest.contains("<|")) {
                out.accept(new Content(rest));
            }
        }
    }

    private void read(Consumer<MessageEvent> out) {
        boolean more = true;
        while (more) {
            more = switch (part) {
                case HEADER -> header(out);
                case REASONING, CONTENT, FAILED_CALL -> plain(out);
                case CALL -> call(out);
            };
        }
    }

    private boolean header(Consumer<MessageEvent> out) {
        Found end = in.find(HEADER_END);
        if (!end.found()) {
            return false;
        }
        String header = in.upTo(end.position());
        in.moveTo(end.position() + MESSAGE.length());
        in.drop();
        int to = header.indexOf("to=");
        if (to >= 0) {
            beginCall(header.substring(to + 3).split("[\\s<]", 2)[0], out);
        } else {
            part = header.contains("analysis") ? Part.REASONING : Part.CONTENT;
        }
        return true;
    }

    private void beginCall(String recipient, Consumer<MessageEvent> out) {
        call = new CallSink(out, calls, Set.of());
        call.name(recipient.startsWith("functions.") ? recipient.substring(10) : recipient);
        call.begin();
        arguments = new StepRun.ArgumentsRun();
        part = Part.CALL;
    }

    private boolean plain(Consumer<MessageEvent> out) {
        Found end = in.find(PART_ENDS);
        String piece = in.upTo(end.found() ? end.position() : in.holdFrom(PART_ENDS));
        if (!piece.isEmpty()) {
            out.accept(part == Part.REASONING ? new Reasoning(piece) : new Content(piece));
        }
        if (end.found()) {
            in.moveTo(end.position() + end.marker().length());
            part = Part.HEADER;
        }
        in.drop();
        return end.found();
    }

    private boolean call(Consumer<MessageEvent> out) {
        Progress progress = arguments.run(in, call.over(out));
        if (progress == Progress.MORE) {
            return false;
        }
        String problem = progress == Progress.DONE
                ? MarkedReader.problem(call.arguments()) : "the arguments are not an object";
        if (problem.isEmpty()) {
            call.end();
            calls++;
            part = Part.HEADER;
        } else {
            fail(call.arguments(), problem, out);
        }
        in.drop();
        return !in.ended() || part != Part.CALL;
    }

    private void fail(String raw, String reason, Consumer<MessageEvent> out) {
        out.accept(new Malformed(calls++, true, raw, reason));
        if (!raw.isEmpty()) {
            out.accept(new Content(raw));
        }
        part = Part.FAILED_CALL;
    }
}
