package dev.sluice.runtime.grammar;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.automaton.Calling;
import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Fixed;
import dev.sluice.runtime.grammar.automaton.Marker;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.Rule;
import dev.sluice.runtime.grammar.schema.Members;
import dev.sluice.runtime.grammar.schema.Notation;
import dev.sluice.runtime.grammar.schema.SchemaCompiler;
import dev.sluice.runtime.grammar.text.PatternAt;
import dev.sluice.runtime.grammar.text.RegexParser;
import dev.sluice.runtime.toolcall.ToolFormat;
import dev.sluice.runtime.toolcall.ToolFormat.Step;
import dev.sluice.runtime.toolcall.ToolTypes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// From the steps of one call to its grammar, put together from the last one to the first. One use,
/// one thread.
final class CallSteps {
    /// What a key between tags may be: nothing that could be the end of a tag, and no white space
    /// at either end, which is not part of it.
    private static final String TAG_NAMES = "^[^\\s<>\"=]+( [^\\s<>\"=]+)*$";
    private static final String PYTHON_NAMES = "^[A-Za-z_][A-Za-z0-9_-]*$";

    private final ToolFormat format;
    private final CallMarkers markers;
    private final ToolTypes types;
    private final List<String> notes = new ArrayList<>();
    private boolean watchesKeys;

    CallSteps(ToolFormat format, CallMarkers markers, List<?> tools) {
        this.format = format;
        this.markers = markers;
        types = ToolTypes.of(tools);
    }

    /// A grammar of what was built here.
    Grammar compiled(Position start) {
        return new CompiledGrammar(start, false, watchesKeys, notes);
    }

    /// The place before a call of a tool.
    ///
    /// @param function with `name` and perhaps `parameters`
    Position call(Map<?, ?> function) {
        String name = (String) function.get("name");
        Position at = Done.DONE;
        for (Step step : format.call().reversed()) {
            at = before(step, name, function, at);
        }
        return at;
    }

    private Position before(Step step, String name, Map<?, ?> function, Position then) {
        return switch (step) {
            case Step.Literal(String text) -> spaced(text, then);
            case Step.Name(var until, boolean consume) -> {
                until.forEach(end -> checkName(name, !name.contains(end)));
                yield Fixed.of(markers.of(name + (consume ? until.getFirst() : "")), then);
            }
            case Step.QualifiedName(String until) -> {
                checkName(name, !name.contains(until));
                yield spaced("functions." + name + ":",
                        Calling.of(digits(), Fixed.of(markers.of(until), then)));
            }
            case Step.Arguments() -> spacedCall(json(function), then);
            case Step.CallObject object -> object(object, name, function, then);
            case Step.KeyedObject() -> spaced("{", spaced(Json.write(name), spaced(":",
                    spacedCall(json(function), spaced("}", then)))));
            case Step.Parameters parameters -> tagged(parameters, name, function, then);
            case Step.PythonCall() -> {
                checkName(name, name.matches("[A-Za-z_][A-Za-z0-9_.:-]{0,255}")
                        && !name.endsWith(".call"));
                yield spaced(name + "(", members(function, Notation.PYTHON,
                        Members.listed("=", ")", PYTHON_NAMES), then));
            }
            case Step.MarkedObject(String quote) -> members(function,
                    Notation.marked(markers.of(quote), quote),
                    Members.listed(":", "}", Notation.BARE_NAMES), then);
        };
    }

    private static void checkName(String name, boolean writable) {
        boolean trimmed = name.equals(name.strip()) && !name.isEmpty();
        if (!writable || !trimmed) {
            throw new GrammarRejected("tools", "", "the name '" + name
                    + "' can not be written in the format of this model");
        }
    }

    private Position spaced(String text, Position then) {
        return Fixed.spaced(markers.of(text), then);
    }

    /// One space or line break may come before a value.
    private static Position spacedCall(Rule value, Position then) {
        Position at = Calling.of(value, then);
        var either = new Rule("spaced");
        either.entries(List.of(at, Fixed.of(Marker.text(" "), at),
                Fixed.of(Marker.text("\n"), at)));
        return Calling.of(either, Done.DONE);
    }

    /// `{"name": "f", "arguments": {..}}`: the name first, so that a client hears of the call
    /// while it is written.
    private Position object(Step.CallObject object, String name, Map<?, ?> function,
            Position then) {
        String argumentsKey = format.name().equals("llama3") ? "parameters"
                : object.argumentKeys().getFirst();
        Position arguments = spaced(Json.write(argumentsKey), spaced(":",
                spacedCall(json(function), spaced("}", then))));
        return spaced("{", spaced(Json.write(object.nameKeys().getFirst()),
                spaced(":", spaced(Json.write(name), spaced(",", arguments)))));
    }

    private Position tagged(Step.Parameters step, String tool, Map<?, ?> function, Position then) {
        Predicate<String> texts = name -> types.isString(tool, name);
        Marker line = Marker.text("\n");
        Marker close = markers.of(step.close());
        Marker start = markers.of(step.valueStart());
        var value = switch (step.style()) {
            case BY_SCHEMA -> new Members.Tagged(start, Marker.NONE, Marker.NONE, close, texts,
                    false);
            case LINES -> new Members.Tagged(start, line, line, line.then(close), texts, false);
            case MARKED -> new Members.Tagged(start, Marker.text("\"true\">"),
                    Marker.text("\"false\">"), close, texts, true);
        };
        return members(function, Notation.jsonWithout(step.close()),
                new Members(markers.of(step.open()), markers.of(step.keyEnd()), Marker.NONE,
                        TAG_NAMES, Optional.of(value)), then);
    }

    private Position members(Map<?, ?> function, Notation notation, Members members,
            Position then) {
        SchemaCompiler compiler = compiler(function, notation);
        Position before = compiler.members(members).before(then);
        note(compiler);
        return before;
    }

    private Rule json(Map<?, ?> function) {
        SchemaCompiler compiler = compiler(function, Notation.JSON);
        var rule = new Rule("arguments");
        rule.entries(List.of(compiler.compile()));
        if (compiler.isEmpty()) {
            throw new GrammarRejected("parameters", "", "no arguments meet the schema of '"
                    + function.get("name") + "'");
        }
        note(compiler);
        return rule;
    }

    private void note(SchemaCompiler compiler) {
        watchesKeys |= compiler.needsLedger();
        notes.addAll(compiler.notesTaken());
    }

    private static SchemaCompiler compiler(Map<?, ?> function, Notation notation) {
        Object schema = parameters(function);
        return new SchemaCompiler(schema, SchemaDialect.of(schema), notation);
    }

    /// The schema of a tool's arguments, which are an object whether it says so or not. A tool
    /// without one takes none.
    private static Object parameters(Map<?, ?> function) {
        if (!(function.get("parameters") instanceof Map<?, ?> map) || map.isEmpty()) {
            return Map.of("type", "object", "additionalProperties", false);
        }
        var schema = new LinkedHashMap<Object, Object>(map);
        boolean says = map.get("type") instanceof String
                || map.get("type") instanceof List<?> types && !types.contains("object");
        if (!says) {
            schema.put("type", "object");
        }
        return schema;
    }

    private static Rule digits() {
        var budget = new Budget();
        var rule = new Rule("index");
        rule.entries(List.of(PatternAt.start(RegexParser.parse("[0-9]|[1-9][0-9]", budget),
                budget, Set.of())));
        return rule;
    }
}
