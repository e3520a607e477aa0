package dev.sluice.models.chat;

import dev.sluice.models.chat.Arguments.Bound;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The methods of lists, tuples and maps that read and do not change.
final class CollectionMethods {
    static final Map<String, Operation> OF_TUPLE = Map.of(
            "count", CollectionMethods::count,
            "index", CollectionMethods::index);

    static final Map<String, Operation> OF_LIST = Map.of(
            "count", CollectionMethods::count,
            "index", CollectionMethods::index,
            "copy", CollectionMethods::copyList);

    static final Map<String, Operation> OF_MAP = Map.of(
            "get", CollectionMethods::get,
            "items", CollectionMethods::items,
            "keys", CollectionMethods::keys,
            "values", CollectionMethods::values,
            "copy", CollectionMethods::copyMap);

    private CollectionMethods() { }

    private static Object get(Rendering run, Object subject, Arguments arguments) {
        Bound bound = arguments.bind(run, "get", "key", "default?");
        Object key = Values.key(run, bound.get(0));
        Object value = Values.lookUp((Map<?, ?>) subject, key);
        return value == Scope.ABSENT ? bound.or(1, null) : value;
    }

    private static Object items(Rendering run, Object subject, Arguments arguments) {
        arguments.bind(run, "items");
        return new MapView("items", pairs(run, (Map<?, ?>) subject));
    }

    /// The entries of a map as tuples.
    static List<Object> pairs(Rendering run, Map<?, ?> map) {
        run.makes(3 * map.size() * Values.ELEMENT_CHARACTERS);
        var pairs = new ArrayList<Object>(map.size());
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            pairs.add(pair(entry.getKey(), entry.getValue()));
        }
        return pairs;
    }

    static Tuple pair(Object key, Object value) {
        var elements = new ArrayList<Object>(2);
        elements.add(key);
        elements.add(value);
        return new Tuple(elements);
    }

    private static Object keys(Rendering run, Object subject, Arguments arguments) {
        arguments.bind(run, "keys");
        return new MapView("keys", Values.elements(run, subject));
    }

    private static Object values(Rendering run, Object subject, Arguments arguments) {
        arguments.bind(run, "values");
        Map<?, ?> map = (Map<?, ?>) subject;
        run.makes(map.size() * Values.ELEMENT_CHARACTERS);
        return new MapView("values", new ArrayList<>(map.values()));
    }

    private static Object copyMap(Rendering run, Object subject, Arguments arguments) {
        arguments.bind(run, "copy");
        Map<?, ?> map = (Map<?, ?>) subject;
        run.makes(2 * map.size() * Values.ELEMENT_CHARACTERS);
        return new LinkedHashMap<>(Values.objects(map));
    }

    private static Object copyList(Rendering run, Object subject, Arguments arguments) {
        arguments.bind(run, "copy");
        return copied(run, Values.elements(run, subject));
    }

    /// A list of its own with the same elements.
    static List<Object> copied(Rendering run, List<Object> elements) {
        run.makes(elements.size() * Values.ELEMENT_CHARACTERS);
        return new ArrayList<>(elements);
    }

    private static Object count(Rendering run, Object subject, Arguments arguments) {
        Object wanted = arguments.bind(run, "count", "value").get(0);
        long count = 0;
        for (Object element : Values.elements(run, subject)) {
            if (Comparing.equal(run, element, wanted)) {
                count++;
            }
        }
        return count;
    }

    private static Object index(Rendering run, Object subject, Arguments arguments) {
        Object wanted = arguments.bind(run, "index", "value").get(0);
        List<Object> elements = Values.elements(run, subject);
        for (int i = 0; i < elements.size(); i++) {
            if (Comparing.equal(run, elements.get(i), wanted)) {
                return (long) i;
            }
        }
        throw run.fault("the value is not in the " + Values.typeName(subject));
    }
}
