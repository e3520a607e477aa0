package dev.sluice.models.chat;

import java.util.List;
import java.util.Map;
import java.util.Set;

/// `subject.name` and `subject[key]`. A name asks for a method first and a key second, a
/// subscript the other way round, as Jinja's sandbox does: `message.items` is the method even
/// where the map has a key `items`.
final class Access {
    /// Methods that would change their value. The sandbox makes these undefined.
    private static final Set<String> CHANGES_LIST = Set.of("append", "clear", "pop", "reverse",
            "insert", "sort", "extend", "remove");
    private static final Set<String> CHANGES_MAP = Set.of("clear", "pop", "popitem",
            "setdefault", "update");
    private static final Set<String> TAKES_NAMED_ARGUMENTS =
            Set.of("split", "rsplit", "splitlines", "replace", "format");
    private static final Set<String> UNSUPPORTED_OF_MAP = Set.of("fromkeys");
    private static final Set<String> UNSUPPORTED_OF_TEXT = Set.of("encode", "expandtabs",
            "format_map", "isidentifier", "isprintable", "maketrans", "translate");
    private static final Set<String> UNSUPPORTED_OF_NUMBERS = Set.of("as_integer_ratio",
            "bit_count", "bit_length", "conjugate", "denominator", "fromhex", "from_bytes", "hex",
            "imag", "is_integer", "numerator", "real", "to_bytes", "from_number");

    private Access() { }

    static Object attribute(Rendering run, Object subject, String name) {
        Object own = own(run, subject, name);
        if (own != Scope.ABSENT) {
            return own;
        }
        if (subject instanceof Map<?, ?> map) {
            Object value = Values.lookUp(map, name);
            if (value != Scope.ABSENT) {
                return value;
            }
        }
        return missing(subject, name);
    }

    static Object item(Rendering run, Object subject, Object key) {
        if (subject instanceof Undefined(String message)) {
            throw run.fault(message);
        }
        Object value = value(run, subject, key);
        if (value == Scope.ABSENT && Values.isText(key)) {
            value = own(run, subject, Values.text(key));
        }
        return value == Scope.ABSENT ? missing(subject, key) : value;
    }

    private static Object value(Rendering run, Object subject, Object key) {
        if (subject instanceof Map<?, ?> map) {
            return Values.lookUp(map, key);
        }
        if (!Numbers.isInteger(key) || Numbers.big(key).bitLength() > 62) {
            return Scope.ABSENT;
        }
        long index = Numbers.big(key).longValue();
        return switch (subject) {
            case List<?> list -> Slicing.at(Values.objects(list), index);
            case Tuple(List<Object> elements) -> Slicing.at(elements, index);
            case String text -> Slicing.at(run, text, index);
            case Markup(String text) ->
                    Slicing.at(run, text, index) instanceof String character
                            ? new Markup(character) : Scope.ABSENT;
            case NumberRange range -> {
                long position = index < 0 ? index + range.length() : index;
                yield position < 0 || position >= range.length() ? Scope.ABSENT
                        : (Object) (range.start() + position * range.step());
            }
            case null, default -> Scope.ABSENT;
        };
    }

    private static Undefined missing(Object subject, Object key) {
        String type = subject == null ? "None" : Values.typeName(subject) + " object";
        return new Undefined(key instanceof String name
                ? "'" + type + "' has no attribute '" + name + "'"
                : "'" + type + "' has no such element");
    }

    /// The attribute that the type of the subject has, or `Scope.ABSENT`.
    private static Object own(Rendering run, Object subject, String name) {
        if (subject instanceof Undefined(String message)) {
            throw run.fault(message);
        }
        if (name.startsWith("__")) {
            return unsafe(subject, name);
        }
        return switch (subject) {
            case null -> Scope.ABSENT;
            case String _, Markup _ -> method(run, subject, name, TextMethods.NAMED.get(name),
                    UNSUPPORTED_OF_TEXT);
            case List<?> _ -> CHANGES_LIST.contains(name) ? unsafe(subject, name)
                    : method(run, subject, name, CollectionMethods.OF_LIST.get(name), Set.of());
            case Tuple _ -> method(run, subject, name, CollectionMethods.OF_TUPLE.get(name),
                    Set.of());
            case Map<?, ?> _ -> CHANGES_MAP.contains(name) ? unsafe(subject, name)
                    : method(run, subject, name, CollectionMethods.OF_MAP.get(name),
                            UNSUPPORTED_OF_MAP);
            case Namespace namespace ->
                    namespace.attributes().getOrDefault(name, Scope.ABSENT);
            case LoopState loop -> loop.attribute(name);
            case NumberRange _, MapView _, Generator _, Callable _ ->
                    throw run.fault("attribute '" + name + "' of a value of type '"
                            + Values.typeName(subject) + "' is not supported");
            default -> method(run, subject, name, null, UNSUPPORTED_OF_NUMBERS);
        };
    }

    private static Object method(Rendering run, Object subject, String name, Operation operation,
                                 Set<String> unsupported) {
        if (unsupported.contains(name)) {
            throw run.fault("the method '" + name + "' of '" + Values.typeName(subject)
                    + "' is not supported");
        }
        if (operation == null) {
            return Scope.ABSENT;
        }
        return new Function(name, subject, TAKES_NAMED_ARGUMENTS.contains(name)
                ? operation : byPosition(name, operation));
    }

    private static Operation byPosition(String name, Operation operation) {
        return (run, subject, arguments) -> {
            if (!arguments.named().isEmpty()) {
                throw run.fault(name + " takes no keyword arguments");
            }
            return operation.apply(run, subject, arguments);
        };
    }

    private static Undefined unsafe(Object subject, String name) {
        return new Undefined("access to attribute '" + name + "' of '"
                + Values.typeName(subject) + "' object is unsafe.");
    }
}
