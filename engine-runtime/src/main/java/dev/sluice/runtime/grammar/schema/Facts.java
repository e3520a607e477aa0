package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.text.BoundedText;
import dev.sluice.runtime.grammar.text.TextDfa;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What is known of a value of one type on one branch of an [Expansion]. Only the facts of that
/// type are used. Mutable; each branch has its own copy.
final class Facts {
    private static final int NO_LIMIT = Integer.MAX_VALUE;

    /// `true` and `false`, whichever may be.
    final Set<Boolean> booleans = new LinkedHashSet<>(List.of(true, false));

    Interval interval = Interval.ALL;
    final List<BigDecimal> steps = new ArrayList<>();
    final List<BigDecimal> notSteps = new ArrayList<>();

    int leastLength;
    int mostLength = BoundedText.UNLIMITED;
    final List<TextDfa> texts = new ArrayList<>();
    final List<TextDfa> notTexts = new ArrayList<>();

    int leastItems;
    int mostItems = NO_LIMIT;
    final List<Items> items = new ArrayList<>();
    final List<ArrayShape.Contains> contains = new ArrayList<>();
    /// The schema that asks for items that differ.
    Optional<SchemaNode> unique = Optional.empty();

    int leastProperties;
    int mostProperties = NO_LIMIT;
    final List<Members> members = new ArrayList<>();
    final Set<String> required = new LinkedHashSet<>();
    final List<Literal> names = new ArrayList<>();

    /// Tests of the first items, and of all others.
    record Items(List<Literal> prefix, Literal rest) { }

    /// Tests of properties by name and by pattern, and of all others.
    record Members(Map<String, Literal> named, List<Patterned> patterns, Literal others) {

        static Members of(String name, Literal test) {
            var named = new LinkedHashMap<String, Literal>();
            named.put(name, test);
            return new Members(named, List.of(), Literal.TRUE);
        }
    }

    record Patterned(TextDfa pattern, Literal test) { }

    Facts copy() {
        var copy = new Facts();
        copy.booleans.retainAll(booleans);
        copy.interval = interval;
        copy.steps.addAll(steps);
        copy.notSteps.addAll(notSteps);
        copy.leastLength = leastLength;
        copy.mostLength = mostLength;
        copy.texts.addAll(texts);
        copy.notTexts.addAll(notTexts);
        copy.leastItems = leastItems;
        copy.mostItems = mostItems;
        copy.items.addAll(items);
        copy.contains.addAll(contains);
        copy.unique = unique;
        copy.leastProperties = leastProperties;
        copy.mostProperties = mostProperties;
        copy.members.addAll(members);
        copy.required.addAll(required);
        copy.names.addAll(names);
        return copy;
    }

    void forbid(String name) {
        members.add(Members.of(name, Literal.FALSE));
    }

    void lengthAtLeast(int length) {
        leastLength = Math.max(leastLength, length);
    }

    void lengthAtMost(int length) {
        mostLength = Math.min(mostLength, length);
    }

    void itemsAtLeast(int count) {
        leastItems = Math.max(leastItems, count);
    }

    void itemsAtMost(int count) {
        mostItems = Math.min(mostItems, count);
    }

    void propertiesAtLeast(int count) {
        leastProperties = Math.max(leastProperties, count);
    }

    void propertiesAtMost(int count) {
        mostProperties = Math.min(mostProperties, count);
    }
}
