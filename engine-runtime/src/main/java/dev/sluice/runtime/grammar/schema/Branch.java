package dev.sluice.runtime.grammar.schema;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// One way to meet a conjunction: what is known, and what is still to be looked at. A test with
/// alternatives splits its branch, which is put off until nothing else is left to do: most
/// alternatives then end at once. Mutable, one thread.
final class Branch {
    private final Set<Literal> seen;
    private final Deque<Task> tasks;
    private final Deque<List<Consumer<Branch>>> splits;
    private final Facts facts;
    private boolean dead;

    /// A keyword of a schema that must hold, or must not.
    record Task(SchemaNode node, String keyword, boolean positive) { }

    Branch() {
        this(new HashSet<>(), new ArrayDeque<>(), new ArrayDeque<>(), new Facts());
    }

    private Branch(Set<Literal> seen, Deque<Task> tasks, Deque<List<Consumer<Branch>>> splits,
            Facts facts) {
        this.seen = seen;
        this.tasks = tasks;
        this.splits = splits;
        this.facts = facts;
    }

    Branch copy() {
        return new Branch(new HashSet<>(seen), new ArrayDeque<>(tasks), new ArrayDeque<>(splits),
                facts.copy());
    }

    Facts facts() { return facts; }

    boolean isDead() { return dead; }

    void die() {
        dead = true;
    }

    /// Whether a test is new here. One that contradicts a known test ends the branch.
    boolean isNew(Literal literal) {
        dead |= seen.contains(literal.negated());
        return seen.add(literal);
    }

    void add(Task task) {
        tasks.add(task);
    }

    boolean hasTask() { return !tasks.isEmpty(); }

    Task nextTask() { return tasks.remove(); }

    void add(List<Consumer<Branch>> options) {
        splits.add(options);
    }

    boolean hasSplit() { return !splits.isEmpty(); }

    List<Consumer<Branch>> nextSplit() { return splits.remove(); }
}
