package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Rule;
import dev.sluice.runtime.grammar.text.NamedText;
import dev.sluice.runtime.grammar.text.TextState;
import java.math.BigInteger;

/// What may come next in an object that has certain properties. Equal by identity; immutable.
final class ObjectRules {
    private final ObjectShape shape;
    private final Values values;
    private final BigInteger possible;

    /// @param possible  the labels whose values are possible
    ObjectRules(ObjectShape shape, Values values, BigInteger possible) {
        this.shape = shape;
        this.values = values;
        this.possible = possible;
    }

    /// Whether some object has all that is required, and enough, each name once.
    boolean isPossible() {
        return shape.required().andNot(possible).signum() == 0
                && shape.required().bitCount() <= shape.most()
                && possible.bitCount() >= shape.least() && shape.least() <= shape.most();
    }

    Rule value(int label) {
        return values.rule(shape.value(label));
    }

    /// Whether an object of `count` properties, among them `used`, may end.
    boolean mayEnd(BigInteger used, int count) {
        return count >= shape.least() && shape.required().andNot(used).signum() == 0;
    }

    /// The names that may come next, from their beginning.
    TextState names(BigInteger used, int count) {
        return NamedText.start(shape.names(), shape.reach(), wanted(used, count));
    }

    /// Labels that may come next: those not used, and only required ones when there is no room for
    /// more.
    private BigInteger wanted(BigInteger used, int count) {
        BigInteger missing = shape.required().andNot(used);
        int room = shape.most() == ObjectShape.UNLIMITED ? ObjectShape.UNLIMITED
                : shape.most() - count;
        return room <= missing.bitCount() ? missing : possible.andNot(used);
    }

    /// `used` after one more property: a group can come again.
    BigInteger used(BigInteger used, int label) {
        return shape.isGroup(label) ? used : used.setBit(label);
    }

    /// The count after one more; it stops where no bound depends on it.
    int counted(int count) {
        return shape.most() == ObjectShape.UNLIMITED ? Math.min(count + 1, shape.least())
                : count + 1;
    }
}
