package dev.sluice.runtime.grammar;

import dev.sluice.models.json.Json;
import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.gbnf.GbnfCompiler;
import dev.sluice.runtime.grammar.schema.SchemaCompiler;
import dev.sluice.runtime.grammar.text.PatternAt;
import dev.sluice.runtime.grammar.text.RegexParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Compiles grammars. What can not be honoured exactly is a [GrammarRejected] that says what and
/// where, and so is what would take more than the fixed limits. Any thread; a request's own.
public final class Grammars {
    private Grammars() { }

    /// JSON values that a JSON Schema document describes, compact or with bounded white space. The
    /// edition is that of `$schema`; without it, draft 7 where keywords of draft 7 alone are used.
    public static Grammar jsonSchema(String document) {
        Object schema;
        try {
            schema = Json.parse(document);
        } catch (Json.MalformedJsonException e) {
            throw new GrammarRejected("schema", "", e.getMessage());
        }
        return jsonSchema(schema);
    }

    /// The same of a document that was parsed by [Json].
    public static Grammar jsonSchema(Object document) {
        return jsonSchema(document, SchemaDialect.of(document));
    }

    /// The same in a given edition.
    public static Grammar jsonSchema(Object document, SchemaDialect dialect) {
        if (document instanceof Map<?, ?> map && map.containsKey("$schema")) {
            SchemaDialect.of(document); // Refuses an edition or a vocabulary that is neither.
        }
        var compiler = new SchemaCompiler(document, dialect);
        Position start = compiler.compile();
        return new CompiledGrammar(start, compiler.isEmpty(), compiler.needsLedger(),
                compiler.notesTaken());
    }

    /// Any JSON object.
    public static Grammar jsonObject() {
        return jsonSchema(Map.of("type", "object"));
    }

    /// Texts that the whole of a regular expression matches (ECMA-262, `u` flag; no look-around,
    /// back references or word boundaries).
    public static Grammar regex(String expression) {
        var budget = new Budget();
        budget.on("regex", "");
        var start = PatternAt.start(RegexParser.parse(expression, budget), budget, Set.of());
        if (!start.isPossible()) {
            throw budget.rejected("no text matches");
        }
        return new CompiledGrammar(start, false, false, List.of());
    }

    /// Texts of the rule `root` of a grammar in GBNF, llama.cpp's notation.
    public static Grammar gbnf(String text) {
        return new CompiledGrammar(GbnfCompiler.compile(text), false, false, List.of());
    }

    /// Free text in which grammars begin where their triggers come.
    public static Grammar triggered(GrammarTrigger trigger) {
        return composed(trigger.branches(), List.of(), Triggers.start(trigger));
    }

    /// A text that begins with a trigger, or is of another grammar.
    public static Grammar starting(GrammarStart start) {
        return composed(start.branches(), start.others(), Triggers.start(start));
    }

    private static Grammar composed(
            List<GrammarTrigger.Branch> branches, List<Grammar> others, Position start) {
        boolean watches = false;
        var notes = new ArrayList<String>();
        var parts = new ArrayList<>(others);
        branches.forEach(branch -> parts.add(branch.grammar()));
        for (Grammar part : parts) {
            var grammar = (CompiledGrammar) part;
            if (grammar.isEmpty() || grammar.start().accepts()) {
                throw new GrammarRejected("grammar", "",
                        "a part of an answer must have a text, and not the empty one");
            }
            watches |= grammar.watchesKeys();
            notes.addAll(grammar.notes());
        }
        return new CompiledGrammar(start, false, watches, notes);
    }
}
