package dev.sluice.runtime.toolcall;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.CallText.Found;
import dev.sluice.runtime.toolcall.CallText.Progress;
import java.util.List;

/// Reads `name(key="text", other=[1, None])`, a call as Python writes it. A value is passed on
/// when it is whole. `name.call(...)`, as Llama 3 calls its built-in tools, is a call of `name`.
final class PythonCallRun implements StepRun {
    private enum State { NAME, FIRST, KEY, VALUE, NEXT }

    private static final List<String> PAREN = List.of("(");
    private static final List<String> EQUALS = List.of("=");

    private State state = State.NAME;
    private int count;
    private PythonValue value = new PythonValue();

    @Override
    public Progress run(CallText in, CallSink out) {
        Progress progress = Progress.DONE;
        while (progress == Progress.DONE) {
            switch (state) {
                case NAME -> progress = name(in, out);
                case FIRST -> {
                    progress = in.literal(")");
                    if (progress == Progress.DONE) {
                        out.grow("{}");
                        return Progress.DONE;
                    }
                    if (progress == Progress.FAILED) {
                        state = State.KEY;
                        progress = Progress.DONE;
                    }
                }
                case KEY -> progress = key(in, out);
                case VALUE -> progress = value(in, out);
                case NEXT -> {
                    if (in.literal(")") == Progress.DONE) {
                        out.grow("}");
                        return Progress.DONE;
                    }
                    progress = in.literal(",");
                    state = progress == Progress.DONE ? State.KEY : state;
                }
            }
        }
        return progress;
    }

    private Progress name(CallText in, CallSink out) {
        Found end = in.find(PAREN);
        if (!end.found()) {
            return in.ended() || in.length() - in.position() > 300
                    ? Progress.FAILED : Progress.MORE;
        }
        String name = upTo(in, end);
        if (name.endsWith(".call")) {
            name = name.substring(0, name.length() - 5);
        }
        if (!name.matches("[A-Za-z_][A-Za-z0-9_.:-]{0,255}")) {
            return Progress.FAILED;
        }
        out.name(name);
        state = State.FIRST;
        return out.begin() ? Progress.DONE : Progress.FAILED;
    }

    private Progress key(CallText in, CallSink out) {
        Found end = in.find(EQUALS);
        if (!end.found()) {
            return in.ended() ? Progress.FAILED : Progress.MORE;
        }
        String key = upTo(in, end);
        if (!key.matches("[A-Za-z_][A-Za-z0-9_-]*")) {
            return Progress.FAILED;
        }
        out.grow((count++ == 0 ? "{" : ", ") + Json.write(key) + ": ");
        value = new PythonValue();
        state = State.VALUE;
        return Progress.DONE;
    }

    private static String upTo(CallText in, Found end) {
        int start = in.position();
        in.moveTo(end.position());
        String text = in.since(start).strip();
        in.moveTo(end.position() + end.marker().length());
        return text;
    }

    private Progress value(CallText in, CallSink out) {
        Progress progress = value.run(in);
        if (progress == Progress.DONE) {
            out.grow(value.json());
            state = State.NEXT;
        }
        return progress;
    }
}
