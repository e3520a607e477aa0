package dev.sluice.bridge.api;

import dev.sluice.models.json.Json;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/// The fields of a JSON object in a request. Each is read once by name and type; [#end] refuses
/// the fields that nobody read, so that none is ignored in silence. `null` counts as absent.
public final class Fields {
    private final String path;
    private final Map<String, Object> values;
    private final Set<String> read = new HashSet<>();

    private Fields(String path, Map<String, Object> values) {
        this.path = path;
        this.values = values;
    }

    /// The fields of a request's body.
    public static Fields of(byte[] body) {
        Object value;
        try {
            value = Json.parse(body);
        } catch (Json.MalformedJsonException e) {
            throw ApiException.invalid("", "the body is " + e.getMessage());
        }
        return of("", value);
    }

    /// The fields of a value inside of a request.
    ///
    /// @param path where it stands, for messages
    @SuppressWarnings("unchecked") // Json's objects have texts as keys.
    public static Fields of(String path, Object value) {
        if (value instanceof Map<?, ?> map) {
            return new Fields(path, (Map<String, Object>) map);
        }
        throw ApiException.invalid(path, (path.isEmpty() ? "the body" : path)
                + " must be an object, not " + kind(value));
    }

    /// The path of a field, as messages name it.
    public String path(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    public Map<String, Object> values() { return values; }

    public Optional<Object> any(String name) {
        read.add(name);
        return Optional.ofNullable(values.get(name));
    }

    public boolean has(String name) {
        return values.get(name) != null;
    }

    public Optional<String> text(String name) {
        return any(name).map(value -> {
            if (value instanceof String text) {
                return text;
            }
            throw wrong(name, "a string", value);
        });
    }

    public String requiredText(String name) {
        return text(name).orElseThrow(() -> missing(name));
    }

    public boolean flag(String name, boolean absent) {
        return any(name).map(value -> {
            if (value instanceof Boolean flag) {
                return flag;
            }
            throw wrong(name, "true or false", value);
        }).orElse(absent);
    }

    public OptionalInt integer(String name, int min, int max) {
        Optional<Object> value = any(name);
        if (value.isEmpty()) {
            return OptionalInt.empty();
        }
        double number = value.get() instanceof Number n ? n.doubleValue() : Double.NaN;
        if (number != Math.rint(number) || number < min || number > max) {
            throw wrong(name, "an integer from " + min + " to " + max, value.get());
        }
        return OptionalInt.of((int) number);
    }

    public OptionalDouble number(String name, double min, double max) {
        Optional<Object> value = any(name);
        if (value.isEmpty()) {
            return OptionalDouble.empty();
        }
        double number = value.get() instanceof Number n ? n.doubleValue() : Double.NaN;
        if (!(number >= min && number <= max)) {
            throw wrong(name, "a number from " + min + " to " + max, value.get());
        }
        return OptionalDouble.of(number);
    }

    public List<Object> list(String name) {
        Object value = any(name).orElse(List.of());
        if (value instanceof List<?> list) {
            return new ArrayList<>(list);
        }
        throw wrong(name, "an array", value);
    }

    /// Objects of an array.
    public List<Fields> objects(String name) {
        var objects = new ArrayList<Fields>();
        for (Object each : list(name)) {
            objects.add(of(path(name) + "[" + objects.size() + "]", each));
        }
        return objects;
    }

    public Optional<Fields> object(String name) {
        return any(name).map(value -> of(path(name), value));
    }

    /// One text, or several in an array.
    public List<String> texts(String name) {
        Object value = any(name).orElse(List.of());
        if (value instanceof String text) {
            return List.of(text);
        }
        var texts = new ArrayList<String>();
        if (value instanceof List<?> list) {
            for (Object each : list) {
                if (!(each instanceof String text)) {
                    throw wrong(name, "a string or an array of strings", each);
                }
                texts.add(text);
            }
            return texts;
        }
        throw wrong(name, "a string or an array of strings", value);
    }

    /// Reads fields that cannot change the answer.
    public void ignore(String... names) {
        read.addAll(List.of(names));
    }

    /// Refuses a field that is there although only one value of it is supported.
    public void only(String name, Object supported) {
        Optional<Object> value = any(name);
        if (value.isPresent() && !value.get().equals(supported)) {
            throw ApiException.invalid(path(name), "%s: only %s is supported".formatted(
                    path(name), Json.write(supported)));
        }
    }

    /// Refuses a text that is none of those supported.
    public Optional<String> oneOf(String name, String... supported) {
        Optional<String> value = text(name);
        if (value.isPresent() && !List.of(supported).contains(value.get())) {
            throw ApiException.invalid(path(name), "%s: %s is not supported, only %s".formatted(
                    path(name), shortened(Json.write(value.get())),
                    String.join(", ", supported)));
        }
        return value;
    }

    /// Throws if there is a field that nobody read.
    public void end() {
        var left = new TreeSet<>(values.keySet());
        left.removeIf(name -> values.get(name) == null);
        left.removeAll(read);
        if (!left.isEmpty()) {
            throw ApiException.invalid(path(left.first()),
                    "%s is not supported".formatted(path(left.first())));
        }
    }

    public ApiException missing(String name) {
        return ApiException.invalid(path(name), path(name) + " is missing");
    }

    public ApiException wrong(String name, String wanted, Object value) {
        String shown = value instanceof String || value instanceof Number
                || value instanceof Boolean ? shortened(Json.write(value)) : kind(value);
        return ApiException.invalid(path(name),
                "%s must be %s, not %s".formatted(path(name), wanted, shown));
    }

    private static String shortened(String text) {
        return text.length() <= 60 ? text : text.substring(0, 57) + "...";
    }

    private static String kind(Object value) {
        return switch (value) {
            case null -> "null";
            case Map<?, ?> _ -> "an object";
            case List<?> _ -> "an array";
            case String _ -> "a string";
            case Boolean _ -> "a boolean";
            default -> "a number";
        };
    }
}
