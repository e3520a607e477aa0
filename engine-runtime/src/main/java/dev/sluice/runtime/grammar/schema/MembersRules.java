package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Calling;
import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Fixed;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.Rule;
import dev.sluice.runtime.grammar.text.ClosedText;
import dev.sluice.runtime.grammar.text.TextState;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/// What may come next among the members of an object in a notation of its own. Equal by identity;
/// immutable.
final class MembersRules {
    private final Members members;
    private final ObjectRules object;
    private final List<Rule> values = new ArrayList<>();

    /// @param shape  whose names can all be written so
    MembersRules(Members members, ObjectShape shape, Values all) {
        this.members = members;
        BigInteger possible = BigInteger.ZERO;
        for (int label = 0; label < shape.labelCount(); label++) {
            Rule rule = members.value().isEmpty() ? all.rule(shape.value(label))
                    : tagged(members.value().get(), shape, label, all);
            boolean some = members.value().isEmpty() ? all.possible(shape.value(label))
                    : !rule.entries().isEmpty();
            possible = some && shape.canName(label) ? possible.setBit(label) : possible;
            values.add(rule);
        }
        object = new ObjectRules(shape, all, possible);
    }

    /// Whether the required members can be written, and as many as there must be.
    boolean isPossible() { return object.isPossible(); }

    private static Rule tagged(Members.Tagged around, ObjectShape shape, int label, Values all) {
        var rule = new Rule("member");
        var entries = new ArrayList<Position>();
        Conjunction value = shape.value(label);
        boolean plain = !shape.isGroup(label) && around.texts().test(shape.name(label));
        if (plain || around.marked()) {
            for (Shape each : all.shapes(value)) {
                if (each instanceof TextShape text && text.text() != TextState.NONE) {
                    entries.add(Fixed.spaced(around.start(), Fixed.of(around.textMark(),
                            ClosedText.start(text.text(), around.close()))));
                }
            }
        }
        if (around.marked()) {
            var rest = new Rule("value");
            rest.entries(all.starts(value, shapeOf -> !(shapeOf instanceof TextShape)));
            if (!rest.entries().isEmpty()) {
                entries.add(json(around, rest));
            }
        } else if (!plain && all.possible(value)) {
            entries.add(json(around, all.rule(value)));
        }
        rule.entries(entries);
        return rule;
    }

    private static Position json(Members.Tagged around, Rule value) {
        return Fixed.spaced(around.start(), Fixed.of(around.valueMark(),
                Calling.of(value, Fixed.of(around.close(), Done.DONE))));
    }

    Members members() { return members; }

    boolean mayEnd(BigInteger used, int count) { return object.mayEnd(used, count); }

    TextState names(BigInteger used, int count) { return object.names(used, count); }

    BigInteger used(BigInteger used, int label) { return used.setBit(label); }

    int counted(int count) { return object.counted(count); }

    Rule value(int label) { return values.get(label); }
}
