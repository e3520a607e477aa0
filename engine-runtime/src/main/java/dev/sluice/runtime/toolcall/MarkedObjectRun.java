package dev.sluice.runtime.toolcall;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.CallText.Found;
import dev.sluice.runtime.toolcall.CallText.Progress;
import java.util.List;

/// Reads `key:value,other:[1,2]}` whose texts stand between two markers of their own, and writes
/// it as JSON. Keys may stand in markers or alone. The opening brace was read before.
final class MarkedObjectRun implements StepRun {
    private static final int DEPTH_MAX = 100;
    private static final String PUNCTUATION = "{}[],:";

    private final List<String> quote;
    /// Closing brackets that are still to come, the innermost last.
    private final StringBuilder nesting = new StringBuilder("}");
    private boolean inText;
    private boolean begun;
    /// Whether the next bare word is a key.
    private boolean key = true;

    MarkedObjectRun(String quote) {
        this.quote = List.of(quote);
    }

    @Override
    public Progress run(CallText in, CallSink out) {
        if (!begun) {
            begun = true;
            out.grow("{");
        }
        while (!nesting.isEmpty()) {
            Progress progress = inText ? text(in, out) : token(in, out);
            if (progress != Progress.DONE) {
                return progress;
            }
        }
        return Progress.DONE;
    }

    private Progress text(CallText in, CallSink out) {
        Found end = in.find(quote);
        if (!end.found()) {
            return in.ended() ? Progress.FAILED : Progress.MORE;
        }
        int start = in.position();
        in.moveTo(end.position());
        out.grow(Json.write(in.since(start)));
        in.moveTo(end.position() + end.marker().length());
        inText = false;
        return Progress.DONE;
    }

    private Progress token(CallText in, CallSink out) {
        Progress mark = in.literal(quote.getFirst());
        if (mark != Progress.FAILED) {
            inText = mark == Progress.DONE;
            return mark;
        }
        in.skipSpace();
        if (in.exhausted()) {
            return in.ended() ? Progress.FAILED : Progress.MORE;
        }
        return PUNCTUATION.indexOf(in.peek()) >= 0 ? punctuation(in.next(), out) : word(in, out);
    }

    private Progress punctuation(char c, CallSink out) {
        switch (c) {
            case '{', '[' -> {
                nesting.append(c == '{' ? '}' : ']');
                key = c == '{';
                out.grow(String.valueOf(c));
            }
            case ',' -> {
                key = nesting.charAt(nesting.length() - 1) == '}';
                out.grow(", ");
            }
            case ':' -> {
                key = false;
                out.grow(": ");
            }
            default -> {
                if (nesting.charAt(nesting.length() - 1) != c) {
                    return Progress.FAILED;
                }
                nesting.setLength(nesting.length() - 1);
                out.grow(String.valueOf(c));
            }
        }
        return nesting.length() <= DEPTH_MAX ? Progress.DONE : Progress.FAILED;
    }

    private Progress word(CallText in, CallSink out) {
        int start = in.position();
        while (!in.exhausted() && PUNCTUATION.indexOf(in.peek()) < 0) {
            in.next();
        }
        if (in.exhausted() && !in.ended()) {
            in.moveTo(start);
            return Progress.MORE;
        }
        String word = in.since(start).strip();
        out.grow(key ? Json.write(word) : ToolTypes.jsonOrText(word));
        return Progress.DONE;
    }
}
