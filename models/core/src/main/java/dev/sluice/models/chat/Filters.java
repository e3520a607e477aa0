package dev.sluice.models.chat;

import java.util.HashMap;
import java.util.Map;

/// All filters by name.
final class Filters {
    static final Map<String, Operation> NAMED = named();

    private Filters() { }

    private static Map<String, Operation> named() {
        var filters = new HashMap<String, Operation>();
        filters.putAll(TextFilters.NAMED);
        filters.putAll(NumberFilters.NAMED);
        filters.putAll(SequenceFilters.NAMED);
        filters.putAll(SelectionFilters.NAMED);
        filters.put("tojson", JsonText::write);
        filters.put("default", Filters::orDefault);
        filters.put("d", Filters::orDefault);
        filters.put("attr", Filters::attribute);
        return Map.copyOf(filters);
    }

    private static Object orDefault(Rendering run, Object value, Arguments arguments) {
        var bound = arguments.bind(run, "default", "default_value?", "boolean?");
        boolean missing = value instanceof Undefined
                || bound.flag(1, false) && !Values.truth(value);
        return missing ? bound.or(0, "") : value;
    }

    private static Object attribute(Rendering run, Object value, Arguments arguments) {
        String name = arguments.bind(run, "attr", "name").text(0);
        if (value instanceof Map) {
            throw run.fault("the filter 'attr' of a map is not supported");
        }
        return Access.attribute(run, value, name);
    }
}
