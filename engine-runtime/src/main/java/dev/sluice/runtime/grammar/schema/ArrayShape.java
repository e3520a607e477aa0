package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Position;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// Arrays: tests for the items at the first places and for all others, bounds on how many there
/// are, and on how many of them meet a further test (`contains`). Equal by identity.
///
/// An item that counts for a `contains` is read as one that passes its test too; one that does not
/// is read as any item where more may match, and as one that fails the test where their number is
/// bounded above. So a choice of rules, not a test afterwards, does the counting.
final class ArrayShape implements Shape {
    static final int UNLIMITED = Integer.MAX_VALUE;

    /// So many items (or more) that pass `test`, at most `most`.
    record Contains(Literal test, int least, int most) { }

    /// An item that may come, and which of the `contains` it counts for (a bit each).
    record Choice(Conjunction item, int counted) { }

    private final List<Conjunction> prefix;
    private final Conjunction rest;
    private final int least;
    private final int most;
    private final List<Contains> contains;
    private final Map<Long, Boolean> canFinish = new HashMap<>();

    ArrayShape(List<Conjunction> prefix, Conjunction rest, int least, int most,
            List<Contains> contains) {
        this.prefix = List.copyOf(prefix);
        this.rest = rest;
        this.least = least;
        this.most = most;
        this.contains = List.copyOf(contains);
    }

    @Override
    public List<Conjunction> parts() {
        var parts = new ArrayList<Conjunction>();
        for (int index = 0; index <= prefix.size(); index++) {
            for (Choice choice : choices(index)) {
                parts.add(choice.item);
            }
        }
        return parts;
    }

    /// Ways to read the item at `index`.
    List<Choice> choices(int index) {
        Conjunction item = index < prefix.size() ? prefix.get(index) : rest;
        var choices = new ArrayList<Choice>();
        for (int counted = 0; counted < 1 << contains.size(); counted++) {
            Conjunction with = item;
            for (int c = 0; c < contains.size(); c++) {
                Literal test = contains.get(c).test;
                if ((counted >> c & 1) != 0) {
                    with = with.and(test);
                } else if (contains.get(c).most != UNLIMITED) {
                    with = with.and(test.negated());
                }
            }
            choices.add(new Choice(with, counted));
        }
        return choices;
    }

    @Override
    public boolean isPossible(Predicate<Conjunction> possible) {
        canFinish.clear();
        return canFinish(0, 0, possible);
    }

    /// Whether an array of `index` items so far can be completed.
    synchronized boolean canFinish(int index, long counts, Predicate<Conjunction> possible) {
        if (contains.isEmpty()) {
            return index >= least ? index <= most : least <= most && fills(index, possible);
        }
        return search(index, counts, possible);
    }

    /// Whether there are items for the places from `index` to the least length.
    private boolean fills(int index, Predicate<Conjunction> possible) {
        for (int at = index; at < Math.min(least, prefix.size() + 1); at++) {
            if (!possible.test(at < prefix.size() ? prefix.get(at) : rest)) {
                return false;
            }
        }
        return true;
    }

    private boolean search(int index, long counts, Predicate<Conjunction> possible) {
        long key = counts << 24 | index;
        Boolean known = canFinish.get(key);
        if (known != null) {
            return known;
        }
        canFinish.put(key, false); // A way that leads back here is no way to the end.
        boolean found = mayEnd(index, counts);
        if (!found && index < most) {
            for (Choice choice : choices(index)) {
                long next = counted(counts, choice.counted);
                found |= !isOver(next) && possible.test(choice.item)
                        && search(next(index), next, possible);
            }
        }
        canFinish.put(key, found);
        return found;
    }

    /// Whether an array of `index` items may end.
    boolean mayEnd(int index, long counts) {
        boolean enough = index >= least && index <= most;
        for (int c = 0; c < contains.size(); c++) {
            enough &= count(counts, c) >= contains.get(c).least;
        }
        return enough;
    }

    boolean isFull(int index) { return index >= most; }

    /// The index of the next item; it stops where no bound depends on it.
    int next(int index) {
        return most == UNLIMITED ? Math.min(index + 1, Math.max(prefix.size(), least)) : index + 1;
    }

    /// The counts after an item; each stops where its bounds do not depend on it.
    long counted(long counts, int bits) {
        long next = counts;
        for (int c = 0; c < contains.size(); c++) {
            Contains bound = contains.get(c);
            int limit = bound.most == UNLIMITED ? bound.least : bound.most + 1;
            if ((bits >> c & 1) != 0 && count(counts, c) < limit) {
                next += 1L << 12 * c;
            }
        }
        return next;
    }

    boolean isOver(long counts) {
        for (int c = 0; c < contains.size(); c++) {
            if (contains.get(c).most != UNLIMITED && count(counts, c) > contains.get(c).most) {
                return true;
            }
        }
        return false;
    }

    private static int count(long counts, int index) {
        return (int) (counts >> 12 * index & 0xfff);
    }

    @Override
    public Position start(Values values) {
        canFinish.clear();
        return new ArrayAt(this, values, ArrayAt.Phase.OPEN, 0, 0, Gap.NONE);
    }
}
