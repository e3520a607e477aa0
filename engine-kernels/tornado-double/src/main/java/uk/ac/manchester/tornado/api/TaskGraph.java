package uk.ac.manchester.tornado.api;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task6;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/// One task and the arrays that move with it.
public class TaskGraph {
    /// The kernel on arguments that the plan has put in place of those of the graph.
    interface Body {
        void run(Object[] arguments);
    }

    private final String name;
    private final List<TornadoNativeArray> inward = new ArrayList<>();
    private final List<TornadoNativeArray> outward = new ArrayList<>();
    private final Set<Object> known = new HashSet<>();
    private String task = "";
    private Object[] arguments = {};
    private Body body = _ -> { };
    /// Whether a launch used barriers or local memory; unknown before the first.
    private boolean launched;
    private boolean together;

    public TaskGraph(String name) {
        this.name = name;
    }

    public TaskGraph transferToDevice(int mode, Object... objects) {
        for (Object object : objects) {
            inward.add((TornadoNativeArray) object);
            known.add(object);
        }
        return requireEvery(mode);
    }

    public TaskGraph transferToHost(int mode, Object... objects) {
        for (Object object : objects) {
            outward.add((TornadoNativeArray) object);
            known.add(object);
        }
        return requireEvery(mode);
    }

    private TaskGraph requireEvery(int mode) {
        if (mode != DataTransferMode.EVERY_EXECUTION) {
            throw new UnsupportedOperationException("the double has EVERY_EXECUTION only");
        }
        return this;
    }

    public TaskGraph persistOnDevice(Object... objects) {
        known.addAll(List.of(objects));
        return this;
    }

    public TaskGraph consumeFromDevice(Object... objects) {
        known.addAll(List.of(objects));
        return this;
    }

    @SuppressWarnings("unchecked")
    public <A, B, C, D, E> TaskGraph task(String id, Task5<A, B, C, D, E> code, A a, B b, C c,
            D d, E e) {
        return task(id, new Object[] {a, b, c, d, e},
                x -> code.apply((A) x[0], (B) x[1], (C) x[2], (D) x[3], (E) x[4]));
    }

    @SuppressWarnings("unchecked")
    public <A, B, C, D, E, F> TaskGraph task(String id, Task6<A, B, C, D, E, F> code, A a, B b,
            C c, D d, E e, F f) {
        return task(id, new Object[] {a, b, c, d, e, f}, x -> code.apply((A) x[0], (B) x[1],
                (C) x[2], (D) x[3], (E) x[4], (F) x[5]));
    }

    @SuppressWarnings("unchecked")
    public <A, B, C, D, E, F, G> TaskGraph task(String id, Task7<A, B, C, D, E, F, G> code, A a,
            B b, C c, D d, E e, F f, G g) {
        return task(id, new Object[] {a, b, c, d, e, f, g}, x -> code.apply((A) x[0], (B) x[1],
                (C) x[2], (D) x[3], (E) x[4], (F) x[5], (G) x[6]));
    }

    private TaskGraph task(String id, Object[] of, Body code) {
        if (!task.isEmpty()) {
            throw new UnsupportedOperationException("the double has one task a graph");
        }
        task = id;
        arguments = of;
        body = code;
        return this;
    }

    public ImmutableTaskGraph snapshot() {
        for (Object argument : arguments) {
            if (argument instanceof TornadoNativeArray && !known.contains(argument)) {
                throw new IllegalStateException("graph " + name
                        + ": an array is neither transferred nor on the device");
            }
        }
        return new ImmutableTaskGraph(this);
    }

    String qualifiedTask() { return name + "." + task; }

    List<TornadoNativeArray> inward() { return inward; }

    List<TornadoNativeArray> outward() { return outward; }

    Object[] arguments() { return arguments; }

    Body body() { return body; }

    /// Whether the work items of a group must run at the same time.
    boolean together() { return !launched || together; }

    void launched(boolean usedGroup) {
        launched = true;
        together |= usedGroup;
    }
}
