package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.automaton.Call;
import dev.sluice.runtime.grammar.automaton.Done;
import dev.sluice.runtime.grammar.automaton.Nowhere;
import dev.sluice.runtime.grammar.automaton.Position;
import java.util.ArrayList;
import java.util.List;

/// A place between the items of an array.
///
///     OPEN --[--> FIRST --item--> AFTER --,--> ITEM --item--> AFTER --]--> done
///                 FIRST --]--> done
///
/// @param counts  how many items met each `contains`, 12 bits each
record ArrayAt(ArrayShape shape, Values values, Phase phase, int index, long counts, int gap)
        implements Position {

    enum Phase { OPEN, FIRST, ITEM, AFTER }

    @Override
    public Position step(int b) {
        if (phase == Phase.OPEN) {
            return b == '[' ? at(Phase.FIRST, 0, 0, Gap.NONE) : Nowhere.NOWHERE;
        }
        int space = Gap.next(gap, b);
        if (space != Gap.CLOSED) {
            return at(phase, index, counts, space);
        }
        if (b == ']' && phase != Phase.ITEM && shape.mayEnd(index, counts)) {
            return Done.DONE;
        }
        return b == ',' && phase == Phase.AFTER && !choices().isEmpty()
                ? at(Phase.ITEM, index, counts, Gap.NONE) : Nowhere.NOWHERE;
    }

    private ArrayAt at(Phase next, int nextIndex, long nextCounts, int nextGap) {
        return new ArrayAt(shape, values, next, nextIndex, nextCounts, nextGap);
    }

    @Override
    public boolean accepts() { return false; }

    @Override
    public List<Call> calls() {
        boolean item = phase == Phase.FIRST || phase == Phase.ITEM;
        return item ? choices() : List.of();
    }

    private List<Call> choices() {
        var calls = new ArrayList<Call>();
        if (shape.isFull(index)) {
            return calls;
        }
        int next = shape.next(index);
        for (ArrayShape.Choice choice : shape.choices(index)) {
            long after = shape.counted(counts, choice.counted());
            if (!shape.isOver(after) && values.possible(choice.item())
                    && shape.canFinish(next, after, values::possible)) {
                calls.add(new Call(values.rule(choice.item()),
                        at(Phase.AFTER, next, after, Gap.NONE)));
            }
        }
        return calls;
    }
}
