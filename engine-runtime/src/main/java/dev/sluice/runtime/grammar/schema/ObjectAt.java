package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Call;
import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Nowhere;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.text.JsonSpelling;
import dev.sluice.runtime.grammar.text.TextState;
import java.math.BigInteger;
import java.util.List;

/// A place between the values of an object that has the properties `used` and `count` in all.
///
///     OPEN --{--> FIRST --"--> NAME --"--> COLON --:--> VALUE --value--> AFTER --,--> NEXT --"-^
///                 FIRST --}--> done                                      AFTER --}--> done
///
/// @param label  in COLON and VALUE, which property it is
/// @param name   in NAME, the name so far
record ObjectAt(ObjectRules rules, Phase phase, BigInteger used, int count, int label, int gap,
        JsonSpelling name) implements Position {

    enum Phase { OPEN, FIRST, NAME, COLON, VALUE, AFTER, NEXT }

    private static final JsonSpelling NO_NAME = JsonSpelling.start(TextState.NONE);

    static ObjectAt start(ObjectRules rules) {
        return new ObjectAt(rules, Phase.OPEN, BigInteger.ZERO, 0, 0, Gap.NONE, NO_NAME);
    }

    @Override
    public Position step(int b) {
        return switch (phase) {
            case OPEN -> b == '{' ? in(Phase.FIRST) : Nowhere.NOWHERE;
            case NAME -> b == '"' && name.isWhole() ? named() : named(name.step(b));
            case COLON -> b == ':' ? in(Phase.VALUE) : Nowhere.NOWHERE;
            case FIRST, VALUE, AFTER, NEXT -> {
                int space = Gap.next(gap, b);
                yield space == Gap.CLOSED ? afterGap(b)
                        : new ObjectAt(rules, phase, used, count, label, space, NO_NAME);
            }
        };
    }

    private Position afterGap(int b) {
        boolean ends = b == '}' && (phase == Phase.FIRST || phase == Phase.AFTER);
        if (ends) {
            return rules.mayEnd(used, count) ? Done.DONE : Nowhere.NOWHERE;
        }
        boolean opensName = b == '"' && (phase == Phase.FIRST || phase == Phase.NEXT);
        boolean goesOn = b == ',' && phase == Phase.AFTER;
        if (!opensName && !goesOn) {
            return Nowhere.NOWHERE;
        }
        TextState names = rules.names(used, count);
        if (names == TextState.NONE) {
            return Nowhere.NOWHERE;
        }
        return goesOn ? in(Phase.NEXT) : named(JsonSpelling.start(names));
    }

    private Position named(JsonSpelling next) {
        return next.isBroken() ? Nowhere.NOWHERE
                : new ObjectAt(rules, Phase.NAME, used, count, 0, Gap.NONE, next);
    }

    private Position named() {
        int found = name.text().label();
        return found < 0 ? Nowhere.NOWHERE
                : new ObjectAt(rules, Phase.COLON, used, count, found, Gap.NONE, NO_NAME);
    }

    private ObjectAt in(Phase next) {
        return new ObjectAt(rules, next, used, count, label, Gap.NONE, NO_NAME);
    }

    @Override
    public boolean accepts() { return false; }

    @Override
    public List<Call> calls() {
        if (phase != Phase.VALUE) {
            return List.of();
        }
        var after = new ObjectAt(rules, Phase.AFTER, rules.used(used, label),
                rules.counted(count), 0, Gap.NONE, NO_NAME);
        return List.of(new Call(rules.value(label), after));
    }

    @Override
    public int freeText() {
        return phase == Phase.NAME ? name.freeText() : 0;
    }
}
