package dev.sluice.models.chat;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The evaluated arguments of one call.
record Arguments(List<Object> positional, Map<String, Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    static Arguments of(Object only) {
        return new Arguments(Collections.singletonList(only), Map.of());
    }

    /// Everything but the first `count` positional arguments.
    Arguments after(int count) {
        return new Arguments(positional.subList(Math.min(count, positional.size()),
                positional.size()), named);
    }

    /// Matches the arguments with parameters; a name that ends in `?` may be left out. Missing,
    /// unknown and doubled arguments are faults that name `what` is called.
    Bound bind(Rendering run, String what, String... parameters) {
        if (positional.size() > parameters.length) {
            throw run.fault(what + " takes at most " + parameters.length + " arguments, got "
                    + positional.size());
        }
        var values = new HashMap<Integer, Object>();
        int used = 0;
        for (int i = 0; i < parameters.length; i++) {
            boolean optional = parameters[i].endsWith("?");
            String name = optional
                    ? parameters[i].substring(0, parameters[i].length() - 1) : parameters[i];
            if (i < positional.size()) {
                values.put(i, positional.get(i));
            } else if (named.containsKey(name)) {
                values.put(i, named.get(name));
                used++;
            } else if (!optional) {
                throw run.fault(what + " needs the argument '" + name + "'");
            }
        }
        if (used < named.size()) {
            throw run.fault(what + " got unexpected or doubled arguments among "
                    + named.keySet());
        }
        return new Bound(run, what, values);
    }

    /// Arguments by the index of their parameter.
    record Bound(Rendering run, String what, Map<Integer, Object> values) {
        boolean given(int index) { return values.containsKey(index); }

        Object get(int index) { return values.get(index); }

        Object or(int index, Object fallback) { return values.getOrDefault(index, fallback); }

        boolean flag(int index, boolean fallback) {
            return given(index) ? Values.truth(get(index)) : fallback;
        }

        String text(int index) {
            if (Values.isText(get(index))) {
                return Values.text(get(index));
            }
            throw run.fault(what + " expects text, got " + Values.typeName(get(index)));
        }

        String text(int index, String fallback) {
            return given(index) ? text(index) : fallback;
        }

        /// An integer that fits an `int`; everything larger is clamped, as for an index.
        int integer(int index) {
            return Numbers.index(run, get(index), what);
        }

        int integer(int index, int fallback) {
            return given(index) ? integer(index) : fallback;
        }
    }
}
