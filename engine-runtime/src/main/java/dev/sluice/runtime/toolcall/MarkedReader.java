package dev.sluice.runtime.toolcall;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.toolcall.CallText.Found;
import dev.sluice.runtime.toolcall.CallText.Progress;
import dev.sluice.runtime.toolcall.MessageEvent.Content;
import dev.sluice.runtime.toolcall.MessageEvent.Malformed;
import dev.sluice.runtime.toolcall.MessageEvent.Reasoning;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/// The reader that a [ToolFormat] drives.
///
///     TEXT --reasoning.open--> REASONING --reasoning.close--> TEXT
///     TEXT --section open--> SECTION --a call begins--> CALL --read--> SECTION --close--> TEXT
///
/// A call that can not be read comes back as content, and reading goes on after it.
final class MarkedReader implements MessageReader {
    private enum State { TEXT, REASONING, SECTION, CALL }

    private final ToolFormat format;
    private final ToolTypes types;
    private final List<String> markers = new ArrayList<>();
    private final List<String> reasoningEnd;
    private final CallText in = new CallText();
    private State state;
    /// Nothing but white space has been read of the answer's content.
    private boolean atStart = true;
    /// White space that belongs to the text before it if more of that text follows.
    private final StringBuilder space = new StringBuilder();
    /// White space that comes next means nothing: reasoning has just begun or ended.
    private boolean dropSpace;
    /// What was read of the section before its next call; content if that is none.
    private String opener = "";
    private int calls;
    private boolean bare;
    private int sectionCalls;
    private int step;
    private List<StepRun> steps = List.of();
    private CallSink call;

    MarkedReader(ToolFormat format, ToolTypes types, boolean inReasoning) {
        this.format = format;
        this.types = types;
        state = inReasoning ? State.REASONING : State.TEXT;
        dropSpace = inReasoning;
        markers.addAll(format.section().opens());
        markers.addAll(format.framing());
        if (format.reasoning().used()) {
            markers.add(format.reasoning().open());
        }
        reasoningEnd = List.of(format.reasoning().close());
        call = new CallSink(_ -> { }, 0, Set.of());
    }

    @Override
    public void push(String text, Consumer<MessageEvent> out) {
        in.append(text);
        read(out);
    }

    @Override
    public void finish(Consumer<MessageEvent> out) {
        in.end();
        read(out);
        if (calls == 0 && !space.isEmpty()) {
            out.accept(new Content(space.toString()));
        }
    }

    private void read(Consumer<MessageEvent> out) {
        boolean more = true;
        while (more) {
            more = switch (state) {
                case TEXT -> text(out);
                case REASONING -> reasoning(out);
                case SECTION -> section(out);
                case CALL -> call(out);
            };
        }
    }

    // ---- text --------------------------------------------------------------------------------

    private boolean text(Consumer<MessageEvent> out) {
        if (atStart && format.section().bare() && bareCall()) {
            return true;
        }
        Found marker = in.find(markers);
        int start = in.position();
        in.moveTo(marker.found() ? marker.position() : in.holdFrom(markers));
        content(in.since(start), out);
        if (!marker.found()) {
            in.drop();
            return false;
        }
        in.moveTo(marker.position() + marker.marker().length());
        in.drop();
        enter(marker.marker());
        return true;
    }

    private boolean bareCall() {
        int start = in.position();
        in.skipSpace();
        boolean found = !in.exhausted() && (in.peek() == '{' || in.peek() == '[');
        if (found) {
            begin("", true);
        } else {
            in.moveTo(start);
        }
        return found;
    }

    private void enter(String marker) {
        if (marker.equals(format.reasoning().open())) {
            state = State.REASONING;
            space.setLength(0);
            dropSpace = true;
        } else if (!format.framing().contains(marker)) {
            begin(marker, false);
        }
    }

    private void begin(String marker, boolean withoutMarker) {
        state = State.SECTION;
        opener = marker;
        bare = withoutMarker;
        sectionCalls = 0;
    }

    private void content(String piece, Consumer<MessageEvent> out) {
        String text = joined(piece);
        if (!text.isEmpty()) {
            atStart = false;
            out.accept(new Content(text));
        }
    }

    private boolean reasoning(Consumer<MessageEvent> out) {
        Found end = in.find(reasoningEnd);
        int start = in.position();
        in.moveTo(end.found() ? end.position() : in.holdFrom(reasoningEnd));
        String text = joined(in.since(start));
        if (!text.isEmpty()) {
            out.accept(new Reasoning(text));
        }
        if (end.found()) {
            in.moveTo(end.position() + end.marker().length());
            state = State.TEXT;
            space.setLength(0);
            dropSpace = true;
        }
        in.drop();
        return end.found();
    }

    /// The piece without the white space at its end, after the space held back before it. Space
    /// is told only together with the text after it: before a marker it means nothing.
    private String joined(String piece) {
        int start = 0;
        while (dropSpace && start < piece.length()
                && Character.isWhitespace(piece.charAt(start))) {
            start++;
        }
        int end = piece.length();
        while (end > start && Character.isWhitespace(piece.charAt(end - 1))) {
            end--;
        }
        String text = "";
        if (end > start) {
            dropSpace = false;
            text = space + piece.substring(start, end);
            space.setLength(0);
        }
        space.append(piece, end, piece.length());
        return text;
    }

    // ---- calls -------------------------------------------------------------------------------

    /// Between calls: another one, or the section's end.
    private boolean section(Consumer<MessageEvent> out) {
        boolean list = format.section().list();
        String close = bare ? "" : format.section().close();
        in.skipSpace();
        while (list && !in.exhausted() && "[],;".indexOf(in.peek()) >= 0) {
            Progress reopened = in.peek() == '[' && sectionCalls > 0 ? reopened()
                    : Progress.FAILED;
            if (reopened == Progress.MORE) {
                return false;
            }
            if (reopened == Progress.FAILED) {
                in.next();
            }
            in.skipSpace();
        }
        if (in.exhausted() && !in.ended()) {
            return false;
        }
        Progress end = close.isEmpty() ? Progress.FAILED : in.literal(close);
        if (end == Progress.MORE) {
            return false;
        }
        boolean over = end == Progress.DONE || in.exhausted()
                || close.isEmpty() && sectionCalls > 0 && !(list && in.peek() == '{');
        if (over) {
            in.drop();
            state = State.TEXT;
            return true;
        }
        opener += in.since(0);
        in.drop();
        // A JSON object alone is a call only if it names a tool.
        call = new CallSink(out, calls, bare ? types.names() : Set.of());
        steps = new ArrayList<>();
        for (ToolFormat.Step each : format.call()) {
            steps.add(StepRun.of(each, types));
        }
        step = 0;
        state = State.CALL;
        return true;
    }

    /// Whether the section is opened once more, which then means nothing: `[TOOL_CALLS]` begins
    /// as a list does.
    private Progress reopened() {
        Progress found = Progress.FAILED;
        for (String open : format.section().opens()) {
            found = found == Progress.FAILED ? in.literal(open) : found;
        }
        return found;
    }

    private boolean call(Consumer<MessageEvent> out) {
        CallSink sink = call.over(out);
        while (step < steps.size()) {
            Progress progress = steps.get(step).run(in, sink);
            if (progress == Progress.MORE) {
                return false;
            }
            if (progress == Progress.FAILED) {
                fail("not a call as " + format.name() + " writes it", out);
                return true;
            }
            step++;
        }
        finishCall(out);
        return true;
    }

    private void finishCall(Consumer<MessageEvent> out) {
        String problem = problem(call.arguments());
        if (!problem.isEmpty()) {
            fail(problem, out);
            return;
        }
        call.end();
        calls++;
        sectionCalls++;
        opener = "";
        space.setLength(0);
        in.drop();
        state = State.SECTION;
    }

    static String problem(String arguments) {
        if (arguments.isEmpty()) {
            return "";
        }
        try {
            return Json.parse(arguments) instanceof Map ? ""
                    : "the arguments are not an object";
        } catch (Json.MalformedJsonException e) {
            return "the arguments are " + e.getMessage();
        }
    }

    /// The text that was read as a call is content after all.
    private void fail(String reason, Consumer<MessageEvent> out) {
        if (!in.exhausted() && in.position() == 0) {
            in.next();
        }
        String raw = opener + in.since(0);
        opener = "";
        boolean told = call.begun();
        if (told || !bare) {
            out.accept(new Malformed(calls, told, raw, reason));
        }
        if (told) {
            calls++;
        }
        sectionCalls++;
        atStart = false;
        content(raw, out);
        in.drop();
        state = State.TEXT;
    }
}
