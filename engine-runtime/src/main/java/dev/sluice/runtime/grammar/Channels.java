package dev.sluice.runtime.grammar;

import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.automaton.Calling;
import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Fixed;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.Rule;
import dev.sluice.runtime.grammar.text.PatternAt;
import dev.sluice.runtime.grammar.text.RegexParser;
import dev.sluice.runtime.toolcall.ToolFormat;
import dev.sluice.runtime.toolcall.ToolFormat.Marks;
import dev.sluice.runtime.toolcall.ToolFormat.Section;
import dev.sluice.runtime.toolcall.ToolFormat.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// gpt-oss's messages, each in a channel, as a grammar:
///
///     (analysis<|message|> text <|end|><|start|>assistant<|channel|>)*
///     commentary to=functions.NAME <|constrain|>json<|message|> {..}   or   final<|message|> text
final class Channels {
    static final String TRIGGER = "<|channel|>";

    static final ToolFormat FORMAT = new ToolFormat("harmony", List.of(), Marks.NONE, List.of(),
            new Section(List.of(TRIGGER), "", false, false),
            List.of(new Step.Literal("commentary to=functions."),
                    new Step.Name(List.of(" <|constrain|>json<|message|>"), true),
                    new Step.Arguments()));

    /// No marker begins inside a message's text.
    private static final String TEXT = "(?:[^<]|<+[^<|])*<*";

    private Channels() { }

    /// @param required whether the last message must be a call
    static Rule messages(CallMarkers markers, Rule call, boolean required) {
        var messages = new Rule("messages");
        Position next = Fixed.of(markers.of("<|end|><|start|>assistant" + TRIGGER),
                Calling.of(messages, Done.DONE));
        var entries = new ArrayList<Position>();
        entries.add(message(markers, "analysis<|message|>", next));
        if (!required) {
            entries.add(message(markers, "commentary<|message|>", next));
            entries.add(message(markers, "final<|message|>", Done.DONE));
        }
        entries.add(Calling.of(call, Done.DONE));
        messages.entries(entries);
        return messages;
    }

    private static Position message(CallMarkers markers, String header, Position then) {
        var budget = new Budget();
        var text = new Rule("text");
        text.entries(List.of(PatternAt.start(RegexParser.parse(TEXT, budget), budget, Set.of())));
        return Fixed.of(markers.of(header), new Calling(text, then, true));
    }
}
