package dev.sluice.models.chat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What Python says of values: their truth, their type's name, their elements. The values are
/// those of JSON (`Map`, `List`, `String`, `Long`, `BigInteger`, `Double`, `Boolean`, `null`)
/// and the few types of this package.
final class Values {
    /// What an element of a list counts in the characters that a rendering may make: as much
    /// memory as so many characters.
    static final long ELEMENT_CHARACTERS = 24;

    private Values() { }

    static boolean truth(Object value) {
        return switch (value) {
            case null -> false;
            case Boolean b -> b;
            case Long l -> l != 0;
            case Double d -> d != 0;
            case BigInteger b -> b.signum() != 0;
            case String s -> !s.isEmpty();
            case Markup(String text) -> !text.isEmpty();
            case List<?> list -> !list.isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            case Tuple(List<Object> elements) -> !elements.isEmpty();
            case MapView(_, List<Object> elements) -> !elements.isEmpty();
            case NumberRange range -> range.length() > 0;
            case Undefined _ -> false;
            default -> true;
        };
    }

    static String typeName(Object value) {
        return switch (value) {
            case null -> "NoneType";
            case Boolean _ -> "bool";
            case Long _ -> "int";
            case BigInteger _ -> "int";
            case Double _ -> "float";
            case String _ -> "str";
            case Markup _ -> "Markup";
            case List<?> _ -> "list";
            case Map<?, ?> _ -> "dict";
            case Tuple _ -> "tuple";
            case MapView(String method, _) -> "dict_" + method;
            case NumberRange _ -> "range";
            case Generator _ -> "generator";
            case Namespace _ -> "Namespace";
            case Undefined _ -> "Undefined";
            case Callable callable -> "function " + callable.name();
            default -> value.getClass().getSimpleName();
        };
    }

    static boolean isText(Object value) {
        return value instanceof String || value instanceof Markup;
    }

    /// The characters of a value for which `isText` holds.
    static String text(Object value) {
        return value instanceof Markup(String text) ? text : (String) value;
    }

    /// Text of the same type as `like`.
    static Object textLike(Object like, String text) {
        return like instanceof Markup ? new Markup(text) : text;
    }

    /// The elements that iterating over the value gives; not to be changed.
    static List<Object> elements(Rendering run, Object value) {
        return switch (value) {
            case List<?> list -> objects(list);
            case Tuple(List<Object> elements) -> elements;
            case MapView(_, List<Object> elements) -> elements;
            case Generator generator -> generator.drain();
            case Undefined _ -> List.of();
            case Map<?, ?> map -> {
                run.makes(map.size() * ELEMENT_CHARACTERS);
                yield new ArrayList<>(map.keySet());
            }
            case NumberRange range -> {
                run.makes(range.length() * ELEMENT_CHARACTERS);
                yield range.elements();
            }
            case String text -> characters(run, text);
            case Markup(String text) -> characters(run, text);
            case null, default ->
                    throw run.fault("'" + typeName(value) + "' object is not iterable");
        };
    }

    private static List<Object> characters(Rendering run, String text) {
        run.makes(text.length() * ELEMENT_CHARACTERS);
        var characters = new ArrayList<Object>(text.length());
        text.codePoints().forEach(c -> characters.add(Character.toString(c)));
        return characters;
    }

    /// How many elements a value has, as Python's `len`.
    static long length(Rendering run, Object value) {
        return switch (value) {
            case String text -> length(run, text);
            case Markup(String text) -> length(run, text);
            case List<?> list -> list.size();
            case Map<?, ?> map -> map.size();
            case Tuple(List<Object> elements) -> elements.size();
            case MapView(_, List<Object> elements) -> elements.size();
            case NumberRange range -> range.length();
            case Undefined _ -> 0;
            case null, default ->
                    throw run.fault("object of type '" + typeName(value) + "' has no len()");
        };
    }

    /// The code points of a text.
    static int length(Rendering run, String text) {
        run.reads(text.length());
        return text.codePointCount(0, text.length());
    }

    /// A value as the key of a map. Lists and maps can not be keys; nor, here, can tuples.
    static Object key(Rendering run, Object value) {
        return switch (value) {
            case null -> null;
            case String s -> s;
            case Markup(String text) -> text;
            case Boolean b -> b;
            case Long l -> l;
            case BigInteger b -> b;
            case Double d -> d;
            default -> throw run.fault(
                    "a value of type '" + typeName(value) + "' as a key is not supported");
        };
    }

    /// The value under a key that is equal as Python sees it (`1`, `1.0` and `true` are), or
    /// `Scope.ABSENT`.
    static Object lookUp(Map<?, ?> map, Object key) {
        if (key instanceof Markup(String text)) {
            return lookUp(map, text);
        }
        if (!isScalar(key)) {
            return Scope.ABSENT;
        }
        Map<Object, Object> objects = objects(map);
        if (objects.containsKey(key)) {
            return objects.get(key);
        }
        boolean number = key instanceof Boolean || key instanceof Long || key instanceof Double;
        if (number) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                if (Numbers.isNumber(entry.getKey()) && Numbers.equal(entry.getKey(), key)) {
                    return entry.getValue();
                }
            }
        }
        return Scope.ABSENT;
    }

    /// Puts an entry; a key that is equal as Python sees it stays and takes the new value.
    static void put(Map<Object, Object> map, Object key, Object value) {
        if (Numbers.isNumber(key) && !map.containsKey(key)) {
            for (Map.Entry<Object, Object> entry : map.entrySet()) {
                if (Numbers.isNumber(entry.getKey()) && Numbers.equal(entry.getKey(), key)) {
                    entry.setValue(value);
                    return;
                }
            }
        }
        map.put(key, value);
    }

    private static boolean isScalar(Object key) {
        return key == null || key instanceof String || Numbers.isNumber(key);
    }

    @SuppressWarnings("unchecked")
    static List<Object> objects(List<?> list) {
        return (List<Object>) list;
    }

    @SuppressWarnings("unchecked")
    static Map<Object, Object> objects(Map<?, ?> map) {
        return (Map<Object, Object>) map;
    }
}
