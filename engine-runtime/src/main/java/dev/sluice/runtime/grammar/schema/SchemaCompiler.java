package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.SchemaDialect;
import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.automaton.Call;
import dev.sluice.runtime.grammar.automaton.Calling;
import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Nowhere;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.Rule;
import dev.sluice.runtime.grammar.text.Expression;
import dev.sluice.runtime.grammar.text.RegexParser;
import dev.sluice.runtime.grammar.text.TextDfa;
import dev.sluice.runtime.grammar.text.TextDfas;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// Compiles a schema document into rules of an automaton.
///
///     schema --[Expansion]--> facts per type --[Shapes]--> shapes --> positions
///
/// A value is known by the [Conjunction] of tests it must pass. There are finitely many in a
/// document, so a recursive schema ends: each is expanded once, and the shapes refer to each other.
/// A least fixed point then tells which conjunctions some (finite) value meets. What none meets is
/// left out everywhere, so that no text leads into a dead end. One use, one thread.
public final class SchemaCompiler implements Values {
    private final SchemaDocument document;
    private final Budget budget = new Budget();
    private final Set<String> notes = new LinkedHashSet<>();
    private final Map<String, TextDfa> patterns = new HashMap<>();
    private final Map<Conjunction, Meaning> meanings = new LinkedHashMap<>();
    private final Map<List<Object>, Boolean> overlaps = new HashMap<>();
    private final Shapes shapes;
    private final Notation notation;
    private final Map<TextDfa, TextDfa> writable = new HashMap<>();
    private boolean watchesKeys;

    /// The shapes of the values that meet a conjunction, and their rule.
    private static final class Meaning {
        private final Rule rule = new Rule("value");
        private List<Shape> shapes = List.of();
        private boolean expanded;
        private boolean possible;
    }

    public SchemaCompiler(Object schema, SchemaDialect dialect) {
        this(schema, dialect, Notation.JSON);
    }

    public SchemaCompiler(Object schema, SchemaDialect dialect, Notation notation) {
        this.notation = notation;
        document = new SchemaDocument(schema, dialect);
        shapes = new Shapes(this);
    }

    /// Where the text of a value of the schema begins.
    public Position compile() {
        return new Whole(rule(compiled()));
    }

    /// The rule of the members of the schema's objects in a notation of their own, and whether
    /// there may be none. What is not an object is left out.
    ///
    /// @throws dev.sluice.runtime.grammar.GrammarRejected if no object can be written so
    public Optionally members(Members members) {
        Conjunction root = compiled();
        var starts = new ArrayList<Position>();
        boolean optional = false;
        for (Shape shape : meaning(root).shapes) {
            if (shape instanceof ObjectShape object) {
                var rules = new MembersRules(members,
                        object.writable(pattern(members.names()), budget), this);
                if (rules.isPossible()) {
                    starts.add(MembersAt.start(rules));
                    optional |= starts.getLast().accepts();
                }
            }
        }
        budget.on("schema", "");
        if (starts.isEmpty()) {
            throw budget.rejected("no object that meets it can be written in this format");
        }
        var rule = new Rule("members");
        rule.entries(starts);
        return new Optionally(rule, optional);
    }

    /// @param optional whether the rule may be empty
    public record Optionally(Rule rule, boolean optional) {
        /// The place before it.
        public Position before(Position after) {
            return new Calling(rule, after, optional);
        }
    }

    private Conjunction compiled() {
        Conjunction root = root();
        Set<Conjunction> reached = expand(root);
        for (Conjunction each : reached) {
            Meaning meaning = meanings.get(each);
            var entries = new LinkedHashSet<Position>();
            for (Shape shape : meaning.shapes) {
                if (shape.isPossible(this::possible)) {
                    entries.add(shape.start(this));
                }
            }
            meaning.rule.entries(new ArrayList<>(entries));
        }
        return root;
    }

    /// Before the value.
    record Whole(Rule rule) implements Position {
        @Override
        public Position step(int b) {
            return Nowhere.NOWHERE;
        }

        @Override
        public boolean accepts() { return false; }

        @Override
        public List<Call> calls() {
            return List.of(new Call(rule, Done.DONE));
        }
    }

    /// What was read as an annotation, after [#compile].
    public List<String> notesTaken() { return new ArrayList<>(notes); }

    /// Whether no value meets the schema, after [#compile].
    public boolean isEmpty() {
        return !possible(root());
    }

    private Conjunction root() {
        return Conjunction.of(List.of(Literal.of(document.root())));
    }

    /// Whether property names may come that only a ledger can tell apart, after [#compile].
    public boolean needsLedger() { return watchesKeys; }

    Budget budget() { return budget; }

    Set<String> notes() { return notes; }

    SchemaDialect dialect() { return document.dialect(); }

    TextDfa pattern(String pattern) {
        TextDfa known = patterns.get(pattern);
        if (known == null) {
            known = TextDfas.of(RegexParser.search(pattern, budget), budget);
            patterns.put(pattern, known);
        }
        return known;
    }

    /// The texts of the format that `node` names, unless that is an annotation only.
    Optional<TextDfa> format(SchemaNode node) {
        String format = node.string("format");
        if (Formats.isUnsupported(format)) {
            throw node.rejected("format", "'" + format + "' is not supported");
        }
        Optional<String> expression = Formats.expression(format);
        if (expression.isEmpty()) {
            notes.add("format '" + format + "' is not known and has no effect");
            return Optional.empty();
        }
        boolean typed = "string".equals(node.members().get("type"))
                || node.members().get("type") instanceof List<?> types && types.contains("string");
        if (!typed) {
            throw node.rejected("format", "is a test only beside \"type\": \"string\"; without it, "
                    + "the specification leaves open whether it is one");
        }
        return Optional.of(pattern("^(?:" + expression.get() + ")$"));
    }

    /// The texts of the strings that meet a conjunction.
    TextDfa strings(Conjunction conjunction) {
        var parts = new ArrayList<TextDfa>();
        for (Facts facts : new Expansion(JsonType.STRING, this).facts(conjunction)) {
            for (Shape shape : shapes.of(JsonType.STRING, facts)) {
                parts.add(((TextShape) shape).uncounted(budget));
            }
        }
        return TextDfas.product(parts, labels -> {
            for (int label : labels) {
                if (label >= 0) {
                    return 0;
                }
            }
            return TextDfa.NO_LABEL;
        }, budget);
    }

    /// Whether some value of a type may meet both schemas. False is a proof.
    boolean overlap(JsonType type, SchemaNode a, SchemaNode b) {
        List<Object> key = List.of(type, a, b);
        Boolean known = overlaps.get(key);
        if (known != null) {
            return known;
        }
        // While this is being found out, another that asks gets the safe answer.
        overlaps.put(key, true);
        Conjunction both = Conjunction.of(List.of(Literal.of(a), Literal.of(b)));
        boolean found = false;
        for (Facts facts : new Expansion(type, this).facts(both)) {
            for (Shape shape : shapes.of(type, facts)) {
                for (Conjunction part : shape.parts()) {
                    expand(part);
                }
                found |= shape.isPossible(this::possible);
            }
        }
        overlaps.put(key, found);
        overlaps.put(List.of(type, b, a), found);
        return found;
    }

    /// Expands a conjunction and all that its shapes refer to, and finds out which are possible.
    private Set<Conjunction> expand(Conjunction root) {
        var reached = new LinkedHashSet<Conjunction>();
        var open = new ArrayDeque<Conjunction>();
        open.add(root);
        reached.add(root);
        while (!open.isEmpty()) {
            Conjunction next = open.remove();
            for (Shape shape : meaning(next).shapes) {
                for (Conjunction part : shape.parts()) {
                    if (reached.add(part)) {
                        open.add(part);
                    }
                }
            }
        }
        findPossible(reached);
        return reached;
    }

    private Meaning meaning(Conjunction conjunction) {
        Meaning known = meanings.get(conjunction);
        if (known == null) {
            known = new Meaning();
            meanings.put(conjunction, known);
            budget.spend(100);
            var found = new ArrayList<Shape>();
            for (JsonType type : JsonType.values()) {
                for (Facts facts : new Expansion(type, this).facts(conjunction)) {
                    found.addAll(shapes.of(type, facts));
                }
            }
            known.shapes = found;
            known.expanded = true;
        } else if (!known.expanded) {
            // Asked for while it is being expanded, by a proof that may fail safely.
            known.possible = true;
        }
        return known;
    }

    private void findPossible(Set<Conjunction> reached) {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (Conjunction each : reached) {
                Meaning meaning = meanings.get(each);
                for (Shape shape : meaning.shapes) {
                    budget.spend(1);
                    if (!meaning.possible && shape.isPossible(this::possible)) {
                        meaning.possible = true;
                        changed = true;
                    }
                }
            }
        }
    }

    @Override
    public boolean possible(Conjunction of) {
        Meaning meaning = meanings.get(of);
        return meaning != null && meaning.possible;
    }

    @Override
    public Rule rule(Conjunction of) {
        return meanings.get(of).rule;
    }

    @Override
    public List<Shape> shapes(Conjunction of) {
        return meanings.get(of).shapes;
    }

    @Override
    public List<Position> starts(Conjunction of, Predicate<Shape> wanted) {
        var starts = new ArrayList<Position>();
        for (Shape shape : shapes(of)) {
            if (wanted.test(shape) && shape.isPossible(this::possible)) {
                starts.add(shape.start(this));
            }
        }
        return starts;
    }

    @Override
    public Notation notation() { return notation; }

    /// The texts that do not have in them what ends a value.
    TextDfa writable(TextDfa texts) {
        if (notation.without().isEmpty()) {
            return texts;
        }
        return writable.computeIfAbsent(texts, each -> {
            TextDfa ending = TextDfas.of(new Expression.Sequence(List.of(Expression.anything(),
                    Expression.text(notation.without()), Expression.anything())), budget);
            return TextDfas.product(List.of(each, ending),
                    found -> found[1] < 0 ? found[0] : TextDfa.NO_LABEL, budget);
        });
    }

    @Override
    public void watchKeys() {
        watchesKeys = true;
    }
}
