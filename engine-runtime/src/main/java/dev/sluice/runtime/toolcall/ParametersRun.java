package dev.sluice.runtime.toolcall;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.CallText.Found;
import dev.sluice.runtime.toolcall.CallText.Progress;
import dev.sluice.runtime.toolcall.ToolFormat.Step;
import dev.sluice.runtime.toolcall.ToolFormat.ValueStyle;
import java.util.List;

/// Reads tagged parameters and makes the arguments' JSON of them. A text is passed on while it
/// comes; any other value when it is whole. Parameters end where no further one begins.
final class ParametersRun implements StepRun {
    private enum State { OPEN, KEY, START, MARK, VALUE }

    private final Step.Parameters step;
    private final ToolTypes types;
    /// What may end a value: the line break before the closing tag belongs to it.
    private final List<String> closers;
    private State state = State.OPEN;
    private String key = "";
    private boolean text;
    private boolean textBegun;
    private boolean lineSkipped;
    private int count;

    ParametersRun(Step.Parameters step, ToolTypes types) {
        this.step = step;
        this.types = types;
        closers = step.style() == ValueStyle.LINES
                ? List.of("\n" + step.close(), step.close()) : List.of(step.close());
    }

    @Override
    public Progress run(CallText in, CallSink out) {
        Progress progress = Progress.DONE;
        while (progress == Progress.DONE) {
            switch (state) {
                case OPEN -> {
                    progress = in.literal(step.open());
                    if (progress == Progress.FAILED) {
                        out.grow(count == 0 ? "{}" : "}");
                        return Progress.DONE;
                    }
                    state = progress == Progress.DONE ? State.KEY : state;
                }
                case KEY -> progress = key(in, out);
                case START -> {
                    progress = step.valueStart().isEmpty()
                            ? Progress.DONE : in.literal(step.valueStart());
                    if (progress == Progress.DONE) {
                        state = step.style() == ValueStyle.MARKED ? State.MARK : State.VALUE;
                        text = types.isString(out.name(), key);
                    }
                }
                case MARK -> progress = mark(in);
                case VALUE -> progress = value(in, out);
            }
        }
        return progress;
    }

    private Progress key(CallText in, CallSink out) {
        Found end = in.find(List.of(step.keyEnd()));
        if (!end.found()) {
            return in.ended() ? Progress.FAILED : Progress.MORE;
        }
        int start = in.position();
        in.moveTo(end.position());
        key = in.since(start).strip();
        in.moveTo(end.position() + step.keyEnd().length());
        out.grow((count++ == 0 ? "{" : ", ") + Json.write(key) + ": ");
        state = State.START;
        textBegun = false;
        lineSkipped = step.style() != ValueStyle.LINES;
        return Progress.DONE;
    }

    private Progress mark(CallText in) {
        Progress progress = in.literal("\"true\">");
        text = progress == Progress.DONE;
        if (progress == Progress.FAILED) {
            progress = in.literal("\"false\">");
        }
        state = progress == Progress.DONE ? State.VALUE : state;
        return progress;
    }

    private Progress value(CallText in, CallSink out) {
        if (!lineSkipped) {
            if (in.exhausted()) {
                return in.ended() ? Progress.FAILED : Progress.MORE;
            }
            lineSkipped = true;
            // "\n</parameter>" right after the tag is one line break, and it is the closing one.
            if (in.peek() == '\n') {
                in.next();
            }
        }
        Found end = in.find(closers);
        int start = in.position();
        if (!end.found()) {
            if (text) {
                in.moveTo(in.holdFrom(closers));
                passText(in.since(start), out);
            }
            return in.ended() ? Progress.FAILED : Progress.MORE;
        }
        in.moveTo(end.position());
        String rest = in.since(start);
        in.moveTo(end.position() + end.marker().length());
        if (text) {
            passText(rest, out);
            out.grow(textBegun ? "\"" : "\"\"");
        } else if (step.style() == ValueStyle.MARKED) {
            out.grow(ToolTypes.jsonOrText(rest));
        } else {
            out.grow(types.json(out.name(), key, rest));
        }
        state = State.OPEN;
        return Progress.DONE;
    }

    private void passText(String piece, CallSink out) {
        if (!piece.isEmpty()) {
            // A pair of surrogates is never cut: half of one is escaped alone and still right.
            String quoted = Json.write(piece);
            out.grow((textBegun ? "" : "\"") + quoted.substring(1, quoted.length() - 1));
            textBegun = true;
        }
    }
}
