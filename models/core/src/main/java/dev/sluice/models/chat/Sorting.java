package dev.sluice.models.chat;

import dev.sluice.models.chat.Expression.Operator;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/// Stable sorting by keys that only Python's `<` compares.
final class Sorting {
    private Sorting() { }

    private record Keyed(Object key, Object value) { }

    /// Reversed, equal elements keep their order all the same, as in Python. Each key is made
    /// once.
    static void sort(Rendering run, List<Object> values, UnaryOperator<Object> key,
                     boolean reversed) {
        run.makes(values.size() * Values.ELEMENT_CHARACTERS);
        var keyed = new ArrayList<Keyed>(values.size());
        for (Object value : values) {
            keyed.add(new Keyed(key.apply(value), value));
        }
        keyed.sort((a, b) -> Comparing.order(run, (reversed ? b : a).key,
                (reversed ? a : b).key, Operator.LESS));
        for (int i = 0; i < keyed.size(); i++) {
            values.set(i, keyed.get(i).value);
        }
    }

    /// Text in lower case, anything else as it is.
    static Object ignoringCase(Rendering run, Object value) {
        if (!Values.isText(value)) {
            return value;
        }
        run.makes(Values.text(value).length());
        return PythonText.lower(Values.text(value));
    }
}
