package dev.sluice.models.chat;

import dev.sluice.models.chat.Arguments.Bound;
import dev.sluice.models.chat.Expression.Operator;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Filters over the elements of a value as a whole.
final class SequenceFilters {
    static final Map<String, Operation> NAMED = named();

    private SequenceFilters() { }

    private static Map<String, Operation> named() {
        var filters = new HashMap<String, Operation>();
        filters.put("length", SequenceFilters::length);
        filters.put("count", SequenceFilters::length);
        filters.put("first", SequenceFilters::first);
        filters.put("last", SequenceFilters::last);
        filters.put("list", SequenceFilters::list);
        filters.put("items", SequenceFilters::items);
        filters.put("dictsort", SequenceFilters::sortedEntries);
        filters.put("sort", SequenceFilters::sort);
        filters.put("unique", SequenceFilters::unique);
        filters.put("reverse", SequenceFilters::reverse);
        filters.put("sum", SequenceFilters::sum);
        filters.put("min", (run, v, a) -> extreme(run, v, a, "min"));
        filters.put("max", (run, v, a) -> extreme(run, v, a, "max"));
        filters.put("batch", SequenceFilters::batch);
        return Map.copyOf(filters);
    }

    private static Object length(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "length");
        return Values.length(run, value);
    }

    private static Object first(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "first");
        List<Object> elements = Values.elements(run, value);
        return elements.isEmpty()
                ? new Undefined("No first item, sequence was empty.") : elements.getFirst();
    }

    private static Object last(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "last");
        if (value instanceof Generator || value instanceof Undefined) {
            throw run.fault("'" + Values.typeName(value) + "' object is not reversible");
        }
        List<Object> elements = Values.elements(run, value);
        return elements.isEmpty()
                ? new Undefined("No last item, sequence was empty.") : elements.getLast();
    }

    private static Object list(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "list");
        return CollectionMethods.copied(run, Values.elements(run, value));
    }

    private static Object items(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "items");
        return switch (value) {
            case Undefined _ -> new Generator(List.of());
            case Map<?, ?> map -> new Generator(CollectionMethods.pairs(run, map));
            case null, default -> throw run.fault("Can only get item pairs from a mapping.");
        };
    }

    private static Object sortedEntries(Rendering run, Object value, Arguments arguments) {
        Bound bound = arguments.bind(run, "dictsort", "case_sensitive?", "by?", "reverse?");
        if (!(value instanceof Map<?, ?> map)) {
            throw run.fault(value instanceof Undefined(String message) ? message
                    : "dictsort expects a mapping, got " + Values.typeName(value));
        }
        String by = bound.text(1, "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw run.fault("You can only sort by either \"key\" or \"value\"");
        }
        int position = by.equals("key") ? 0 : 1;
        boolean caseSensitive = bound.flag(0, false);
        List<Object> pairs = CollectionMethods.pairs(run, map);
        Sorting.sort(run, pairs, pair -> {
            Object key = ((Tuple) pair).elements().get(position);
            return caseSensitive ? key : Sorting.ignoringCase(run, key);
        }, bound.flag(2, false));
        return pairs;
    }

    private static Object sort(Rendering run, Object value, Arguments arguments) {
        Bound bound = arguments.bind(run, "sort", "reverse?", "case_sensitive?", "attribute?");
        List<Object> sorted = CollectionMethods.copied(run, Values.elements(run, value));
        Object attributes = bound.or(2, null);
        boolean caseSensitive = bound.flag(1, false);
        Sorting.sort(run, sorted, element -> sortKey(run, element, attributes, caseSensitive),
                bound.flag(0, false));
        return sorted;
    }

    /// The element itself, or its attributes of which there may be several with commas.
    private static Object sortKey(Rendering run, Object element, Object attributes,
                                  boolean caseSensitive) {
        var keys = new ArrayList<Object>();
        if (attributes instanceof String names) {
            for (String name : names.split(",")) {
                keys.add(SelectionFilters.attribute(run, element, name));
            }
        } else {
            keys.add(attributes == null ? element
                    : SelectionFilters.attribute(run, element, attributes));
        }
        if (!caseSensitive) {
            keys.replaceAll(key -> Sorting.ignoringCase(run, key));
        }
        return new Tuple(keys);
    }

    private static Object unique(Rendering run, Object value, Arguments arguments) {
        Bound bound = arguments.bind(run, "unique", "case_sensitive?", "attribute?");
        var kept = new ArrayList<Object>();
        var keys = new ArrayList<Object>();
        for (Object element : Values.elements(run, value)) {
            Object key = bound.or(1, null) == null ? element
                    : SelectionFilters.attribute(run, element, bound.get(1));
            key = bound.flag(0, false) ? key : Sorting.ignoringCase(run, key);
            if (key instanceof List || key instanceof Map) {
                throw run.fault("unhashable type: '" + Values.typeName(key) + "'");
            }
            if (!Comparing.contains(run, keys, key)) {
                keys.add(key);
                kept.add(element);
            }
        }
        return new Generator(kept);
    }

    private static Object reverse(Rendering run, Object value, Arguments arguments) {
        arguments.bind(run, "reverse");
        if (Values.isText(value)) {
            String text = Values.text(value);
            run.makes(text.length());
            return Values.textLike(value, new StringBuilder(text).reverse().toString());
        }
        List<Object> reversed = CollectionMethods.copied(run, Values.elements(run, value));
        Collections.reverse(reversed);
        return value instanceof Generator ? reversed : new Generator(reversed);
    }

    private static Object sum(Rendering run, Object value, Arguments arguments) {
        Bound bound = arguments.bind(run, "sum", "attribute?", "start?");
        Object total = bound.or(1, 0L);
        if (Values.isText(total)) {
            throw run.fault("sum() can't sum strings");
        }
        for (Object element : Values.elements(run, value)) {
            Object part = bound.or(0, null) == null ? element
                    : SelectionFilters.attribute(run, element, bound.get(0));
            total = Operators.apply(run, Operator.ADD, total, part);
        }
        return total;
    }

    private static Object extreme(Rendering run, Object value, Arguments arguments,
                                  String name) {
        Bound bound = arguments.bind(run, name, "case_sensitive?", "attribute?");
        boolean caseSensitive = bound.flag(0, false);
        Object best = new Undefined("No aggregated item, sequence was empty.");
        Object bestKey = null;
        for (Object element : Values.elements(run, value)) {
            Object key = bound.or(1, null) == null ? element
                    : SelectionFilters.attribute(run, element, bound.get(1));
            key = caseSensitive ? key : Sorting.ignoringCase(run, key);
            boolean better = best instanceof Undefined || (name.equals("min")
                    ? Comparing.order(run, key, bestKey, Operator.LESS) < 0
                    : Comparing.order(run, key, bestKey, Operator.GREATER) > 0);
            if (better) {
                best = element;
                bestKey = key;
            }
        }
        return best;
    }

    private static Object batch(Rendering run, Object value, Arguments arguments) {
        Bound bound = arguments.bind(run, "batch", "linecount", "fill_with?");
        int size = bound.integer(0);
        if (size < 1) {
            throw run.fault("batch expects a positive number of elements");
        }
        var batches = new ArrayList<Object>();
        List<Object> elements = Values.elements(run, value);
        for (int from = 0; from < elements.size(); from += size) {
            int to = (int) Math.min(elements.size(), (long) from + size);
            List<Object> batch = CollectionMethods.copied(run, elements.subList(from, to));
            if (bound.or(1, null) != null) {
                run.makes((size - batch.size()) * Values.ELEMENT_CHARACTERS);
                batch.addAll(Collections.nCopies(size - batch.size(), bound.get(1)));
            }
            batches.add(batch);
        }
        return new Generator(batches);
    }
}
