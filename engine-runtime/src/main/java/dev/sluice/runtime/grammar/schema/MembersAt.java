package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Calling;
import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Fixed;
import dev.sluice.runtime.grammar.automaton.Marker;
import dev.sluice.runtime.grammar.automaton.Nowhere;
import dev.sluice.runtime.grammar.automaton.Position;
import dev.sluice.runtime.grammar.automaton.StateTable;
import dev.sluice.runtime.grammar.text.PlainName;
import dev.sluice.runtime.grammar.text.TextState;
import java.math.BigInteger;

/// A place between the members of an object that is written in a notation of its own, see
/// [Members]. A list's members are the rule to its end; tags may just end.
///
///     FIRST --key--> name --keyEnd--> value --> AFTER --,--> NEXT --key--> ...
///     FIRST --open--> name --keyEnd--> value --> AFTER --open--> name ...
record MembersAt(MembersRules rules, Phase phase, BigInteger used, int count) implements Position {

    enum Phase { FIRST, AFTER, NEXT, NEXT_SPACED }

    static MembersAt start(MembersRules rules) {
        return new MembersAt(rules, Phase.FIRST, BigInteger.ZERO, 0);
    }

    @Override
    public Position step(int b) {
        return symbol(b);
    }

    @Override
    public Position stepToken(int tokenId) {
        return symbol(StateTable.TOKEN + tokenId);
    }

    private Position symbol(int symbol) {
        Members members = rules.members();
        TextState names = rules.names(used, count);
        if (!members.isList()) {
            return names == TextState.NONE ? Nowhere.NOWHERE
                    : stepped(Fixed.spaced(members.open(), name(names)), symbol);
        }
        boolean mayClose = phase == Phase.FIRST || phase == Phase.AFTER;
        if (mayClose && symbol == members.end().symbol(0)) {
            return rules.mayEnd(used, count) ? Fixed.rest(members.end(), Done.DONE)
                    : Nowhere.NOWHERE;
        }
        if (names == TextState.NONE) {
            return Nowhere.NOWHERE;
        }
        return switch (phase) {
            case AFTER -> symbol == ',' ? in(Phase.NEXT) : Nowhere.NOWHERE;
            case NEXT -> symbol == ' ' ? in(Phase.NEXT_SPACED) : name(names).symbol(symbol);
            case FIRST, NEXT_SPACED -> name(names).symbol(symbol);
        };
    }

    private static Position stepped(Position at, int symbol) {
        return symbol < StateTable.TOKEN ? at.step(symbol)
                : at.stepToken(symbol - StateTable.TOKEN);
    }

    private MembersAt in(Phase next) {
        return new MembersAt(rules, next, used, count);
    }

    private NameAt name(TextState names) {
        return new NameAt(this, PlainName.start(names));
    }

    private Position valueOf(int label) {
        var after = new MembersAt(rules, Phase.AFTER, rules.used(used, label),
                rules.counted(count));
        return Calling.of(rules.value(label), after);
    }

    /// Tags end here where nothing is missing.
    @Override
    public boolean accepts() {
        return !rules.members().isList() && rules.mayEnd(used, count);
    }

    @Override
    public boolean outsideJson() { return true; }

    /// Inside of a key, whose characters do not include those of the key's end.
    record NameAt(MembersAt object, PlainName name) implements Position {
        @Override
        public Position step(int b) {
            return symbol(b);
        }

        @Override
        public Position stepToken(int tokenId) {
            return symbol(StateTable.TOKEN + tokenId);
        }

        Position symbol(int symbol) {
            Marker end = object.rules.members().keyEnd();
            if (symbol == end.symbol(0)) {
                int label = name.label();
                return label < 0 ? Nowhere.NOWHERE : Fixed.rest(end, object.valueOf(label));
            }
            PlainName next = symbol < StateTable.TOKEN ? name.step(symbol) : PlainName.BROKEN;
            return next.isBroken() ? Nowhere.NOWHERE : new NameAt(object, next);
        }

        @Override
        public boolean accepts() { return false; }

        @Override
        public boolean outsideJson() { return true; }
    }
}
