package dev.sluice.models.chat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Copies the variables of a rendering at the door: what is not a JSON value is refused there,
/// narrower numbers become `Long` and `Double`, and the size is counted. One use, one thread.
final class Variables {
    private static final int DEPTH_MAX = 200;

    private long characters;

    /// The size of what was copied, from which the limits of the rendering follow.
    long characters() { return characters; }

    Map<String, Object> copied(Map<String, Object> variables) {
        var copy = new LinkedHashMap<String, Object>();
        variables.forEach((name, value) -> copy.put(name, copied(value, 0)));
        return copy;
    }

    private Object copied(Object value, int depth) {
        if (depth > DEPTH_MAX) {
            throw new IllegalArgumentException("variables nested deeper than " + DEPTH_MAX);
        }
        characters += 8;
        return switch (value) {
            case null -> null;
            case String text -> {
                characters += text.length();
                yield text;
            }
            case Boolean b -> b;
            case Long l -> l;
            case Integer i -> (long) i;
            case Short s -> (long) s;
            case Double d -> d;
            case Float f -> (double) f;
            case BigInteger b -> Numbers.shrink(b);
            case Map<?, ?> map -> {
                var copy = new LinkedHashMap<Object, Object>();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    if (!(entry.getKey() instanceof String name)) {
                        throw new IllegalArgumentException(
                                "a map with a key that is not text: " + entry.getKey());
                    }
                    characters += name.length();
                    copy.put(name, copied(entry.getValue(), depth + 1));
                }
                yield Collections.unmodifiableMap(copy);
            }
            case List<?> list -> {
                var copy = new ArrayList<Object>(list.size());
                for (Object element : list) {
                    copy.add(copied(element, depth + 1));
                }
                yield Collections.unmodifiableList(copy);
            }
            default -> throw new IllegalArgumentException(
                    "a template's variable can not be a " + value.getClass().getName());
        };
    }
}
