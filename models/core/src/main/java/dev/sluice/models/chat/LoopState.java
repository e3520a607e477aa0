package dev.sluice.models.chat;

import dev.sluice.models.chat.Statement.Loop;
import java.util.List;

/// The variable `loop` of one running loop. One rendering only.
final class LoopState implements Callable {
    private final Interpreter interpreter;
    private final Loop loop;
    private final Scope around;
    private final List<Object> elements;
    private final int depth;
    private int index;
    private List<Object> lastChecked = List.of();
    private boolean checked;

    LoopState(Interpreter interpreter, Loop loop, Scope around, List<Object> elements, int depth) {
        this.interpreter = interpreter;
        this.loop = loop;
        this.around = around;
        this.elements = elements;
        this.depth = depth;
    }

    void moveTo(int newIndex) { index = newIndex; }

    Object attribute(String name) {
        int length = elements.size();
        return switch (name) {
            case "index" -> index + 1L;
            case "index0" -> (long) index;
            case "revindex" -> (long) length - index;
            case "revindex0" -> length - index - 1L;
            case "first" -> index == 0;
            case "last" -> index == length - 1;
            case "length" -> (long) length;
            case "depth" -> depth + 1L;
            case "depth0" -> (long) depth;
            case "previtem" -> index == 0
                    ? new Undefined("there is no previous item") : elements.get(index - 1);
            case "nextitem" -> index == length - 1
                    ? new Undefined("there is no next item") : elements.get(index + 1);
            case "cycle" -> new Function("cycle", this, LoopState::cycle);
            case "changed" -> new Function("changed", this, LoopState::changed);
            default -> new Undefined("'loop' has no attribute '" + name + "'");
        };
    }

    private static Object cycle(Rendering run, Object subject, Arguments arguments) {
        List<Object> values = arguments.positional();
        if (values.isEmpty()) {
            throw run.fault("no items for cycling given");
        }
        return values.get(((LoopState) subject).index % values.size());
    }

    private static Object changed(Rendering run, Object subject, Arguments arguments) {
        var state = (LoopState) subject;
        List<Object> values = arguments.positional();
        boolean same = state.checked && Comparing.equal(run, state.lastChecked, values);
        state.lastChecked = values;
        state.checked = true;
        return !same;
    }

    @Override
    public String name() { return "loop"; }

    /// `loop(children)` in a recursive loop: the loop's text for other elements.
    @Override
    public Object call(Rendering run, Arguments arguments) {
        if (!loop.recursive()) {
            throw run.fault("the loop must have the 'recursive' marker to be called");
        }
        Object children = arguments.bind(run, "loop", "iterable").get(0);
        return interpreter.recurse(loop, around, children, depth + 1);
    }
}
