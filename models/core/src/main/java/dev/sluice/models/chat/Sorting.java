package dev.sluice.models.chat;

import dev.sluice.models.chat.Expression.Operator;
import java.util.List;
import java.util.function.UnaryOperator;

/// Stable sorting by keys that only Python's `<` compares.
final class Sorting {
    private Sorting() { }

    static void sort(Rendering run, List<Object> values, UnaryOperator<Object> key) {
        sort(run, values, key, false);
    }

    /// Reversed, equal elements keep their order all the same, as in Python.
    static void sort(Rendering run, List<Object> values, UnaryOperator<Object> key,
                     boolean reversed) {
        values.sort((a, b) -> {
            Object first = key.apply(reversed ? b : a);
            return Comparing.order(run, first, key.apply(reversed ? a : b), Operator.LESS);
        });
    }

    /// Text in lower case, anything else as it is.
    static Object ignoringCase(Object value) {
        return Values.isText(value) ? PythonText.lower(Values.text(value)) : value;
    }
}
