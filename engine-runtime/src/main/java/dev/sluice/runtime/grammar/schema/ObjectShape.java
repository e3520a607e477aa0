package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.automaton.Fixed;
import dev.sluice.runtime.grammar.automaton.Marker;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.text.LabelReach;
import dev.sluice.runtime.grammar.text.TextDfa;
import dev.sluice.runtime.grammar.text.TextDfas;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// Objects: names that the schema mentions, each with the test of its value; all other names in
/// groups by the tests of their values; which names must be there; bounds on the number of
/// properties. Names come in any order. Equal by identity.
///
/// One automaton reads all names. Its label is the index of a mentioned name, or behind those the
/// index of a group.
final class ObjectShape implements Shape {
    static final int UNLIMITED = Integer.MAX_VALUE;

    /// A mentioned name, and the test of its value.
    record Property(String name, Conjunction value, boolean required) { }

    private final List<Property> properties;
    private final List<Conjunction> groups;
    private final TextDfa names;
    private final LabelReach reach;
    private final int least;
    private final int most;
    private final BigInteger required;
    private final boolean once;

    ObjectShape(List<Property> properties, List<Conjunction> groups, TextDfa names, Bounds bounds,
            Budget budget) {
        this(properties, groups, names, bounds, budget, false);
    }

    /// @param once  whether only one name of each group may come: where no ledger reads along
    private ObjectShape(List<Property> properties, List<Conjunction> groups, TextDfa names,
            Bounds bounds, Budget budget, boolean once) {
        this.properties = List.copyOf(properties);
        this.groups = List.copyOf(groups);
        this.names = names;
        least = bounds.least;
        most = bounds.most;
        reach = new LabelReach(names, budget);
        BigInteger all = BigInteger.ZERO;
        for (int i = 0; i < properties.size(); i++) {
            all = properties.get(i).required ? all.setBit(i) : all;
        }
        required = all;
        this.once = once;
    }

    /// The same objects as far as they can be written with names of `allowed`, and with at most
    /// one unmentioned name of each group.
    ObjectShape writable(TextDfa allowed, Budget budget) {
        TextDfa both = TextDfas.product(List.of(names, allowed),
                found -> found[1] < 0 ? TextDfa.NO_LABEL : found[0], budget);
        return new ObjectShape(properties, groups, both, new Bounds(least, most), budget, true);
    }

    /// Least and most number of properties.
    record Bounds(int least, int most) { }

    TextDfa names() { return names; }

    LabelReach reach() { return reach; }

    int least() { return least; }

    int most() { return most; }

    BigInteger required() { return required; }

    Conjunction value(int label) {
        return label < properties.size() ? properties.get(label).value
                : groups.get(label - properties.size());
    }

    int labelCount() { return properties.size() + groups.size(); }

    /// A mentioned name.
    String name(int label) { return properties.get(label).name; }

    /// Whether some name of a label can be written.
    boolean canName(int label) {
        return !names.isEmpty() && reach.anyOf(0, BigInteger.ONE.shiftLeft(label));
    }

    boolean isGroup(int label) { return label >= properties.size(); }

    /// The labels whose values are possible.
    BigInteger possibleLabels(Predicate<Conjunction> possible) {
        BigInteger labels = BigInteger.ZERO;
        for (int label = 0; label < labelCount(); label++) {
            if (canName(label) && possible.test(value(label))) {
                labels = labels.setBit(label);
            }
        }
        return labels;
    }

    /// Those of `labels` that stand for a group.
    BigInteger groups(BigInteger labels) {
        return labels.shiftRight(properties.size()).shiftLeft(properties.size());
    }

    @Override
    public boolean isPossible(Predicate<Conjunction> possible) {
        BigInteger labels = possibleLabels(possible);
        boolean all = required.andNot(labels).signum() == 0 && required.bitCount() <= most;
        boolean enough = labels.bitCount() >= least || !once && groups(labels).signum() != 0;
        return all && enough && least <= most;
    }

    @Override
    public List<Conjunction> parts() {
        var parts = new ArrayList<Conjunction>();
        for (Property property : properties) {
            parts.add(property.value);
        }
        parts.addAll(groups);
        return parts;
    }

    @Override
    public Position start(Values values) {
        if (values.notation().quote().isPresent()) {
            var members = Members.listed(":", "}", Notation.BARE_NAMES);
            return Fixed.of(Marker.text("{"),
                    MembersAt.start(new MembersRules(members, this, values)));
        }
        BigInteger labels = possibleLabels(values::possible);
        if (groups(labels).signum() != 0) {
            values.watchKeys();
        }
        return ObjectAt.start(new ObjectRules(this, values, labels));
    }
}
