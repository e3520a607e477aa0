package dev.sluice.runtime.grammar;

import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.grammar.GrammarTrigger.Branch;
import dev.sluice.runtime.grammar.automaton.Calling;
import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Fixed;
import dev.sluice.runtime.grammar.automaton.Marker;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.Rule;
import dev.sluice.runtime.toolcall.ToolFormat;
import dev.sluice.runtime.toolcall.ToolFormat.Section;
import dev.sluice.runtime.toolcall.ToolFormat.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What a section of calls may be in a model's own format: from the description that reads calls
/// ([ToolFormat]) to the grammar that forces them. Whatever it allows, the reader takes as a call
/// of one of the tools, with arguments that meet the tool's schema. Any thread.
public final class CallGrammars {
    /// Each tool is a way to read the text until its name has come; an automaton follows at most
    /// 1024 ways.
    private static final int TOOLS_MAX = 400;

    private final Section section;
    private final CallMarkers markers;
    private final Rule call = new Rule("call");
    private final boolean parallel;

    private CallGrammars(Section section, CallMarkers markers, boolean parallel) {
        this.section = section;
        this.markers = markers;
        this.parallel = parallel;
    }

    /// The section of calls behind its opening marker, which triggers it.
    ///
    /// @param tools     `{"type":"function","function":{..}}` each
    /// @param parallel  whether the section may have several calls, where the format has such
    /// @throws GrammarRejected if a tool's schema or name can not be held or written
    public static Branch branch(ToolFormat format, List<Map<String, Object>> tools,
            boolean parallel, Tokenizer tokenizer) {
        if (format.section().opens().isEmpty()) {
            throw new GrammarRejected("tools", "", "the format '" + format.name()
                    + "' has no calls");
        }
        var markers = new CallMarkers(tokenizer);
        var grammars = new CallGrammars(format.section(), markers, parallel);
        var steps = new CallSteps(format, markers, tools);
        boolean sectioned = format.call().getFirst() instanceof Step.Literal;
        grammars.call.entries(calls(steps, tools));
        return branch(markers, format.section().opens().getFirst(),
                steps.compiled(grammars.body(sectioned)));
    }

    /// gpt-oss's messages behind the first `<|channel|>`: thinking, and then a call in a message
    /// of its own. One call, because the model's turn ends with it.
    ///
    /// @param required  whether the turn must end with a call; otherwise it may with content
    public static Branch channels(List<Map<String, Object>> tools, boolean required,
            Tokenizer tokenizer) {
        var markers = new CallMarkers(tokenizer);
        var steps = new CallSteps(Channels.FORMAT, markers, tools);
        var call = new Rule("call");
        call.entries(calls(steps, tools));
        Rule messages = Channels.messages(markers, call, required);
        return branch(markers, Channels.TRIGGER,
                steps.compiled(Calling.of(messages, Done.DONE)));
    }

    private static List<Position> calls(CallSteps steps, List<Map<String, Object>> tools) {
        if (tools.size() > TOOLS_MAX) {
            throw new GrammarRejected("tools", "", "%d tools; at most %d can be held to rules"
                    .formatted(tools.size(), TOOLS_MAX));
        }
        var calls = new ArrayList<Position>();
        for (Map<String, Object> tool : tools) {
            calls.add(steps.call((Map<?, ?>) tool.get("function")));
        }
        return calls;
    }

    private static Branch branch(CallMarkers markers, String open, Grammar body) {
        Marker marker = markers.of(open);
        if (CallMarkers.isText(marker)) {
            return Branch.onText(open, body, "");
        }
        if (marker.length() > 1) {
            throw new GrammarRejected("tools", "",
                    "'" + open + "' is part text and part control token in this vocabulary");
        }
        return Branch.onToken(CallMarkers.token(marker), body, "");
    }

    /// @param sectioned whether a call has marks of its own inside the section's
    private Position body(boolean sectioned) {
        Position end = Fixed.spaced(markers.of(section.close()), Done.DONE);
        var body = new Rule("calls");
        if (section.list()) {
            body.entries(List.of(Calling.of(call, end), bracketed(end)));
        } else if (parallel && sectioned && !section.close().isEmpty()) {
            var more = new Rule("more calls");
            Position another = Calling.of(call, Calling.of(more, Done.DONE));
            more.entries(List.of(another, end));
            body.entries(List.of(another));
        } else {
            body.entries(List.of(Calling.of(call, end)));
        }
        return Calling.of(body, Done.DONE);
    }

    /// `[call, call] end`
    private Position bracketed(Position end) {
        var rest = new Rule("list of calls");
        Position item = Calling.of(call, Calling.of(rest, Done.DONE));
        var entries = new ArrayList<Position>();
        entries.add(Fixed.spaced(Marker.text("]"), end));
        if (parallel) {
            entries.add(Fixed.spaced(Marker.text(","), item));
        }
        rest.entries(entries);
        return Fixed.spaced(Marker.text("["), item);
    }
}
