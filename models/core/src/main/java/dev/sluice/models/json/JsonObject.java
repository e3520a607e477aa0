package dev.sluice.models.json;

import dev.sluice.models.MalformedModelException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Typed access to a JSON object of a model folder (`config.json`). A value that is `null` counts
/// as absent, as transformers writes it. A wrong type is a [MalformedModelException] that names the
/// key. Immutable.
///
/// @param path  the file that the object came from, for messages
public record JsonObject(Path path, Map<String, Object> values) {

    public boolean has(String key) {
        return values.get(key) != null;
    }

    public int integer(String key) {
        return switch (value(key)) {
            case Long l when l == l.intValue() -> l.intValue();
            case Double d when d == Math.rint(d) && Math.abs(d) < Integer.MAX_VALUE -> d.intValue();
            case Object other -> throw wrong(key, "an integer", other);
        };
    }

    public int integer(String key, int absent) {
        return has(key) ? integer(key) : absent;
    }

    public double real(String key) {
        return switch (value(key)) {
            case Number n -> n.doubleValue();
            case Object other -> throw wrong(key, "a number", other);
        };
    }

    public double real(String key, double absent) {
        return has(key) ? real(key) : absent;
    }

    public boolean flag(String key, boolean absent) {
        if (!has(key)) {
            return absent;
        }
        return switch (value(key)) {
            case Boolean b -> b;
            case Object other -> throw wrong(key, "true or false", other);
        };
    }

    public String string(String key, String absent) {
        if (!has(key)) {
            return absent;
        }
        return switch (value(key)) {
            case String s -> s;
            case Object other -> throw wrong(key, "a string", other);
        };
    }

    /// An empty list when absent.
    public List<?> list(String key) {
        if (!has(key)) {
            return List.of();
        }
        return switch (value(key)) {
            case List<?> list -> list;
            case Object other -> throw wrong(key, "an array", other);
        };
    }

    /// An empty object when absent.
    @SuppressWarnings("unchecked") // Json makes every object's keys strings.
    public JsonObject object(String key) {
        if (!has(key)) {
            return new JsonObject(path, Map.of());
        }
        return switch (value(key)) {
            case Map<?, ?> map -> new JsonObject(path, (Map<String, Object>) map);
            case Object other -> throw wrong(key, "an object", other);
        };
    }

    /// Numbers of an array.
    public float[] reals(String key) {
        List<?> list = list(key);
        var out = new float[list.size()];
        for (int i = 0; i < out.length; i++) {
            if (!(list.get(i) instanceof Number n)) {
                throw wrong(key, "an array of numbers", list.get(i));
            }
            out[i] = n.floatValue();
        }
        return out;
    }

    private Object value(String key) {
        Object value = values.get(key);
        if (value == null) {
            throw new MalformedModelException(path, "no '" + key + "'");
        }
        return value;
    }

    private MalformedModelException wrong(String key, String expected, Object got) {
        String text = String.valueOf(got);
        return new MalformedModelException(path, "'%s' must be %s, got %s".formatted(
                key, expected, text.length() > 60 ? text.substring(0, 60) + "..." : text));
    }
}
