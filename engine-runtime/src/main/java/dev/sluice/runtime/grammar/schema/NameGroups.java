package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Budget;
import dev.sluice.runtime.grammar.text.TextDfa;
import dev.sluice.runtime.grammar.text.TextDfas;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The property names of an object by what their values must pass: each mentioned name for itself,
/// all others by which patterns they match. One thread.
final class NameGroups {
    private final List<Facts.Members> members;
    private final Optional<TextDfa> allowed;
    private final Budget budget;
    private final List<TextDfa> patterns = new ArrayList<>();
    /// Group by the test of its values, in the order of their labels.
    private final Map<Conjunction, Integer> groups = new LinkedHashMap<>();

    /// @param allowed  the names that may be, when not all may
    NameGroups(List<Facts.Members> members, Optional<TextDfa> allowed, Budget budget) {
        this.members = members;
        this.allowed = allowed;
        this.budget = budget;
        for (Facts.Members each : members) {
            for (Facts.Patterned patterned : each.patterns()) {
                if (!patterns.contains(patterned.pattern())) {
                    patterns.add(patterned.pattern());
                }
            }
        }
    }

    boolean isPatterned() { return !patterns.isEmpty() || allowed.isPresent(); }

    /// The test of the value of a name.
    Conjunction value(String name) {
        if (allowed.isPresent() && allowed.get().labelOf(name) < 0) {
            return Conjunction.NOTHING;
        }
        boolean[] matches = new boolean[patterns.size()];
        for (int i = 0; i < matches.length; i++) {
            matches[i] = patterns.get(i).labelOf(name) >= 0;
        }
        var tests = new ArrayList<Literal>();
        for (Facts.Members each : members) {
            add(tests, each, Optional.ofNullable(each.named().get(name)), matches);
        }
        return Conjunction.of(tests);
    }

    private void add(List<Literal> tests, Facts.Members each, Optional<Literal> named,
            boolean[] matches) {
        boolean found = named.isPresent();
        named.ifPresent(tests::add);
        for (Facts.Patterned patterned : each.patterns()) {
            if (matches[patterns.indexOf(patterned.pattern())]) {
                tests.add(patterned.test());
                found = true;
            }
        }
        if (!found) {
            tests.add(each.others());
        }
    }

    /// The test of the values of unmentioned names that match these patterns.
    private Conjunction others(boolean[] matches) {
        var tests = new ArrayList<Literal>();
        for (Facts.Members each : members) {
            add(tests, each, Optional.empty(), matches);
        }
        return Conjunction.of(tests);
    }

    /// An automaton of all names: its label is the index in `mentioned`, or behind those the index
    /// in [#groups]. Names whose value can not be are left out.
    TextDfa names(List<String> mentioned) {
        groups.clear();
        Conjunction plain = others(new boolean[patterns.size()]);
        TextDfa words = TextDfas.words(mentioned, budget);
        if (patterns.isEmpty() && plain.isNothing()) {
            return words;
        }
        var parts = new ArrayList<TextDfa>();
        parts.add(words);
        parts.add(allowed.orElse(TextDfa.ANYTHING));
        parts.addAll(patterns);
        var labels = new HashMap<List<Boolean>, Integer>();
        return TextDfas.product(parts, found -> {
            if (found[0] >= 0 || found[1] < 0) {
                return found[0];
            }
            var matches = new ArrayList<Boolean>();
            for (int i = 2; i < found.length; i++) {
                matches.add(found[i] >= 0);
            }
            return labels.computeIfAbsent(matches, key -> label(key, mentioned.size()));
        }, budget);
    }

    private int label(List<Boolean> matches, int mentioned) {
        boolean[] flags = new boolean[matches.size()];
        for (int i = 0; i < flags.length; i++) {
            flags[i] = matches.get(i);
        }
        Conjunction value = others(flags);
        if (value.isNothing()) {
            return TextDfa.NO_LABEL;
        }
        return mentioned + groups.computeIfAbsent(value, key -> groups.size());
    }

    /// The tests of the groups, after [#names].
    List<Conjunction> groups() { return new ArrayList<>(groups.keySet()); }

    /// The unmentioned names, when there are few: listed, they can be told apart.
    Collection<String> fewNames(Set<String> mentioned, int limit) {
        int count = mentioned.size();
        TextDfa all = names(new ArrayList<>(mentioned));
        TextDfa rest = TextDfas.product(List.of(all), found ->
                found[0] >= count ? 0 : TextDfa.NO_LABEL, budget);
        return TextDfas.fewWords(rest, limit);
    }
}
