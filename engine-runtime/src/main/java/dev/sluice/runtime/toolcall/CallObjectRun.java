package dev.sluice.runtime.toolcall;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.CallText.Progress;
import dev.sluice.runtime.toolcall.ToolFormat.Step;

/// Reads `{"name": "f", "arguments": {...}}`. The arguments are passed on while they come, if the
/// name came before them; as a text with JSON inside they are unpacked when they are whole.
final class CallObjectRun implements StepRun {
    private enum State { OPEN, KEY, COLON, VALUE, NEXT, CLOSED }

    private enum Member { NAME, ARGUMENTS, ID, OTHER }

    private final Step.CallObject step;
    private State state = State.OPEN;
    private Member member = Member.OTHER;
    private JsonScan scan = new JsonScan();
    private int valueStart = -1;
    private int passed = -1;
    private boolean first = true;
    private String lastValue = "";
    private Progress lastScan = Progress.MORE;

    CallObjectRun(Step.CallObject step) {
        this.step = step;
    }

    @Override
    public Progress run(CallText in, CallSink out) {
        Progress progress = Progress.DONE;
        while (progress == Progress.DONE && state != State.CLOSED) {
            progress = switch (state) {
                case OPEN -> moved(in.literal("{"), State.KEY);
                case KEY -> key(in);
                case COLON -> moved(in.literal(":"), State.VALUE);
                case VALUE -> value(in, out);
                case NEXT -> next(in);
                case CLOSED -> Progress.DONE;
            };
        }
        return progress == Progress.DONE && !out.begun() ? Progress.FAILED : progress;
    }

    private Progress next(CallText in) {
        Progress comma = moved(in.literal(","), State.KEY);
        return comma == Progress.FAILED ? moved(in.literal("}"), State.CLOSED) : comma;
    }

    private Progress moved(Progress progress, State to) {
        if (progress == Progress.DONE) {
            state = to;
        }
        return progress;
    }

    private Progress key(CallText in) {
        if (first && valueStart < 0 && in.literal("}") == Progress.DONE) {
            return Progress.FAILED;
        }
        String text = scanned(in);
        if (text.isEmpty()) {
            return failedOrMore(in);
        }
        first = false;
        member = member(text);
        state = State.COLON;
        return Progress.DONE;
    }

    private Member member(String keyText) {
        String key = text(keyText);
        if (step.nameKeys().contains(key)) {
            return Member.NAME;
        }
        if (step.argumentKeys().contains(key)) {
            return Member.ARGUMENTS;
        }
        return step.idKeys().contains(key) ? Member.ID : Member.OTHER;
    }

    private Progress value(CallText in, CallSink out) {
        if (member == Member.ARGUMENTS && passed < 0) {
            in.skipSpace();
            if (in.exhausted()) {
                return failedOrMore(in);
            }
            passed = in.peek() == '{' ? in.position() : Integer.MAX_VALUE;
        }
        boolean whole = !scanned(in).isEmpty();
        if (member == Member.ARGUMENTS && passed != Integer.MAX_VALUE) {
            out.grow(in.since(passed));
            passed = in.position();
        }
        if (!whole) {
            return failedOrMore(in);
        }
        return accept(lastValue, out);
    }

    /// The value's text once it is whole; before, an empty text.
    private String scanned(CallText in) {
        if (valueStart < 0) {
            in.skipSpace();
            valueStart = in.position();
        }
        lastScan = scan.run(in);
        if (lastScan != Progress.DONE) {
            return "";
        }
        lastValue = in.since(valueStart);
        valueStart = -1;
        scan = new JsonScan();
        return lastValue;
    }

    private Progress failedOrMore(CallText in) {
        return lastScan == Progress.FAILED || in.ended() ? Progress.FAILED : Progress.MORE;
    }

    private Progress accept(String json, CallSink out) {
        switch (member) {
            case NAME -> {
                String name = text(json);
                if (name.isEmpty()) {
                    return Progress.FAILED;
                }
                out.name(name);
                if (!out.begin()) {
                    return Progress.FAILED;
                }
                out.grow("");
            }
            case ID -> out.id(text(json));
            case ARGUMENTS -> {
                if (passed == Integer.MAX_VALUE) {
                    String inside = text(json).strip();
                    if (!inside.startsWith("{") && !json.equals("null")) {
                        return Progress.FAILED;
                    }
                    out.grow(inside.isEmpty() ? "{}" : inside);
                }
                passed = -1;
            }
            case OTHER -> { }
        }
        state = State.NEXT;
        return Progress.DONE;
    }

    private static String text(String json) {
        try {
            return switch (Json.parse(json)) {
                case String text -> text;
                case Long number -> number.toString();
                case null, default -> "";
            };
        } catch (Json.MalformedJsonException e) {
            return "";
        }
    }
}
