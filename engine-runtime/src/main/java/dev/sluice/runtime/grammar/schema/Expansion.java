package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.schema.Branch.Task;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// From a conjunction to what is known of the values of one type that meet it: a tableau. Each
/// keyword of each schema that must hold adds to what is known; each that must not hold adds the
/// opposite; one with alternatives (`anyOf`, a negated `allOf`) splits the branch. What is said of
/// the values inside an object or array is not looked into but kept for them.
///
/// This makes `allOf`, `not`, `if`, `oneOf` and `dependent...` exact wherever the opposite of their
/// parts can be said in the same terms; where it can not, the schema is refused. One thread.
final class Expansion {
    private static final int BRANCHES_MAX = 2000;
    private static final Map<String, JsonType> TYPED = typed();

    private final JsonType type;
    private final SchemaCompiler compiler;
    private final LogicKeywords logic;
    private final ValueKeywords value;
    private final ArrayKeywords array;
    private final ObjectKeywords object;
    private final Deque<Branch> open = new ArrayDeque<>();
    private int branches;

    Expansion(JsonType type, SchemaCompiler compiler) {
        this.type = type;
        this.compiler = compiler;
        logic = new LogicKeywords(this, compiler);
        value = new ValueKeywords(this, compiler);
        array = new ArrayKeywords(this);
        object = new ObjectKeywords(this, compiler);
    }

    JsonType type() { return type; }

    /// What is known on each branch that does not contradict itself.
    List<Facts> facts(Conjunction conjunction) {
        var found = new ArrayList<Facts>();
        var first = new Branch();
        for (Literal literal : conjunction.literals()) {
            require(first, literal);
        }
        open.add(first);
        while (!open.isEmpty()) {
            Branch branch = open.removeLast();
            while (!branch.isDead() && branch.hasTask()) {
                compiler.budget().spend(20);
                apply(branch.nextTask(), branch);
            }
            if (!branch.isDead() && branch.hasSplit()) {
                open(branch, branch.nextSplit());
            } else if (!branch.isDead()) {
                found.add(branch.facts());
            }
        }
        return found;
    }

    /// Notes that a test must hold on a branch.
    void require(Branch branch, Literal literal) {
        if (literal.isTrue() || branch.isDead()) {
            return;
        }
        if (literal.isFalse()) {
            branch.die();
            return;
        }
        if (!branch.isNew(literal)) {
            return;
        }
        switch (literal.term()) {
            case Term.Anything _ -> branch.die();
            case Term.Exactly(Object exact) -> value.exactly(exact, literal.positive(), branch);
            case SchemaNode node -> requireSchema(node, literal.positive(), branch);
        }
    }

    private void requireSchema(SchemaNode node, boolean positive, Branch branch) {
        List<String> tests = Keywords.tests(node, compiler.dialect(), compiler.notes());
        if (positive) {
            for (String keyword : tests) {
                branch.add(new Task(node, keyword, true));
            }
            return;
        }
        var options = new ArrayList<Consumer<Branch>>();
        for (String keyword : tests) {
            options.add(option -> option.add(new Task(node, keyword, false)));
        }
        split(branch, options);
    }

    /// Notes that one of the options must hold on a branch.
    void split(Branch branch, List<Consumer<Branch>> options) {
        if (options.size() == 1) {
            options.getFirst().accept(branch);
        } else {
            branch.add(options);
        }
    }

    /// Goes on with one copy of the branch for each option; the first is looked at first.
    private void open(Branch branch, List<Consumer<Branch>> options) {
        for (Consumer<Branch> option : options.reversed()) {
            if (++branches > BRANCHES_MAX) {
                throw compiler.budget().rejected("more than " + BRANCHES_MAX
                        + " combinations of alternatives");
            }
            compiler.budget().spend(50);
            Branch copy = branch.copy();
            option.accept(copy);
            open.add(copy);
        }
    }

    /// An option that requires tests.
    Consumer<Branch> requiring(Literal... literals) {
        return branch -> {
            for (Literal literal : literals) {
                require(branch, literal);
            }
        };
    }

    private void apply(Task task, Branch branch) {
        compiler.budget().on(task.keyword(),
                task.node().path() + "/" + SchemaNode.escaped(task.keyword()));
        JsonType about = TYPED.get(task.keyword());
        if (about != null && about != type) {
            // Holds for every value of this type.
            if (!task.positive()) {
                branch.die();
            }
            return;
        }
        try {
            switch (about) {
                case null -> untyped(task, branch);
                case NUMBER -> value.number(task, branch);
                case STRING -> value.string(task, branch);
                case ARRAY -> array.apply(task, branch);
                case OBJECT -> object.apply(task, branch);
                case NULL, BOOLEAN -> branch.die();
            }
        } catch (ArithmeticException e) {
            throw task.node().rejected(task.keyword(), e.getMessage());
        }
    }

    private void untyped(Task task, Branch branch) {
        switch (task.keyword()) {
            case "type" -> value.type(task, branch);
            case "enum" -> value.oneOfValues(task.node().list("enum"), task.positive(), branch);
            case "const" -> value.exactly(JsonValues.normal(task.node().members().get("const")),
                    task.positive(), branch);
            default -> logic.apply(task, branch);
        }
    }

    private static Map<String, JsonType> typed() {
        var typed = new java.util.HashMap<String, JsonType>();
        for (String keyword : List.of("multipleOf", "maximum", "exclusiveMaximum", "minimum",
                "exclusiveMinimum")) {
            typed.put(keyword, JsonType.NUMBER);
        }
        for (String keyword : List.of("maxLength", "minLength", "pattern", "format")) {
            typed.put(keyword, JsonType.STRING);
        }
        for (String keyword : List.of("items", "maxItems", "minItems", "uniqueItems", "contains",
                "unevaluatedItems")) {
            typed.put(keyword, JsonType.ARRAY);
        }
        for (String keyword : List.of("properties", "required", "maxProperties", "minProperties",
                "propertyNames", "dependentRequired", "dependentSchemas", "dependencies",
                "unevaluatedProperties")) {
            typed.put(keyword, JsonType.OBJECT);
        }
        return Map.copyOf(typed);
    }
}
