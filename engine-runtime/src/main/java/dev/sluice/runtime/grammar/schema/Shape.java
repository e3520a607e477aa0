package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Position;
import java.util.List;
import java.util.function.Predicate;

/// Values of one type, described so that an automaton can read them: no references, no unions. The
/// values inside it are conjunctions again, which may be circular.
sealed interface Shape
        permits ConstantShape, NumberShape, SpelledShape, TextShape, ArrayShape, ObjectShape {

    /// Whether some value has this shape, given which conjunctions some value meets.
    boolean isPossible(Predicate<Conjunction> possible);

    /// The conjunctions of values inside.
    List<Conjunction> parts();

    /// Where the text of such a value begins; `values` has the rules of the parts.
    Position start(Values values);
}
