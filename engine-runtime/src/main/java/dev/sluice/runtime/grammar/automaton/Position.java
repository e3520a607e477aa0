package dev.sluice.runtime.grammar.automaton;

import java.util.List;

/// A place inside one rule of a grammar, and what may follow it. Grammars are pushdown automata
/// over bytes whose states are made while they are used: a position computes its successors, and
/// [StateTable] remembers them. Implementations are immutable records, equal by value, because
/// equal positions share their state and its token mask.
///
/// A position must be alive: from each one that [#step] or a call reaches, some text leads to the
/// end of the rule. This is what keeps a mask from leading into a dead end.
public interface Position {
    /// [#freeText] of a position from which text may go on for ever.
    int UNBOUNDED = Integer.MAX_VALUE;

    /// The position after byte `b` (0 to 255), or [Nowhere#NOWHERE].
    Position step(int b);

    /// Whether the rule may end here.
    boolean accepts();

    /// The rules that may begin here, each with the position after it.
    default List<Call> calls() {
        return List.of();
    }

    /// The position after a token that has no bytes (a control token), or [Nowhere#NOWHERE].
    default Position stepToken(int tokenId) {
        return Nowhere.NOWHERE;
    }

    /// How many further characters may come, whatever they are, as long as none is a quote, a
    /// backslash or a control character: [#UNBOUNDED], or exactly so many and no more, or 0 when
    /// nothing is known. Positions inside such a text must not leave their rule or call another.
    default int freeText() {
        return 0;
    }

    /// A position with the same token mask when no token is longer than `characters`. Counters
    /// far from their limits lead to one mask.
    default Position sameMask(int characters) {
        return this;
    }

    /// Whether this is free text around a grammar, where quotes and braces mean nothing.
    default boolean outsideJson() {
        return false;
    }
}
