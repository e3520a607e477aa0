package dev.sluice.models.chat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Filters that apply a filter, a test or an attribute to every element.
final class SelectionFilters {
    static final Map<String, Operation> NAMED = Map.of(
            "map", SelectionFilters::map,
            "select", (run, v, a) -> select(run, v, a, false, true),
            "reject", (run, v, a) -> select(run, v, a, false, false),
            "selectattr", (run, v, a) -> select(run, v, a, true, true),
            "rejectattr", (run, v, a) -> select(run, v, a, true, false));

    private SelectionFilters() { }

    /// `element.path`, where the path may have dots and numbers: `function.name`, `0.id`.
    static Object attribute(Rendering run, Object element, Object path) {
        return attribute(run, element, path, null);
    }

    /// With a value for whatever part of the path is undefined, unless that value is None.
    private static Object attribute(Rendering run, Object element, Object path,
                                    Object fallback) {
        if (Numbers.isInteger(path)) {
            return orElse(Access.item(run, element, path), fallback);
        }
        if (!Values.isText(path)) {
            throw run.fault("an attribute must be a name, got " + Values.typeName(path));
        }
        Object value = element;
        for (String part : Values.text(path).split("\\.", -1)) {
            boolean number = !part.isEmpty() && part.length() < 10
                    && part.chars().allMatch(Character::isDigit);
            Object key = number ? (Object) Long.valueOf(part) : part;
            value = orElse(Access.item(run, value, key), fallback);
        }
        return value;
    }

    private static Object orElse(Object value, Object fallback) {
        return value instanceof Undefined && fallback != null ? fallback : value;
    }

    private static Object map(Rendering run, Object value, Arguments arguments) {
        if (!Values.truth(value)) {
            return new Generator(List.of());
        }
        var mapped = new ArrayList<Object>();
        if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
            Map<String, Object> named = new HashMap<>(arguments.named());
            Object path = named.remove("attribute");
            Object fallback = named.remove("default");
            if (!named.isEmpty()) {
                throw run.fault("Unexpected keyword argument among " + named.keySet());
            }
            for (Object element : Values.elements(run, value)) {
                mapped.add(attribute(run, element, path, fallback));
            }
        } else {
            Operation filter = named(run, arguments, 0, Filters.NAMED, "filter");
            for (Object element : Values.elements(run, value)) {
                mapped.add(filter.apply(run, element, arguments.after(1)));
            }
        }
        run.makes(mapped.size() * Values.ELEMENT_CHARACTERS);
        return new Generator(mapped);
    }

    private static Operation named(Rendering run, Arguments arguments, int index,
                                   Map<String, Operation> operations, String what) {
        if (index >= arguments.positional().size()) {
            throw run.fault("map requires a filter argument");
        }
        Object name = arguments.positional().get(index);
        Operation operation = Values.isText(name) ? operations.get(Values.text(name)) : null;
        if (operation == null) {
            throw run.fault("there is no " + what + " named '" + Printing.text(run, name) + "'");
        }
        return operation;
    }

    private static Object select(Rendering run, Object value, Arguments arguments,
                                 boolean ofAttribute, boolean keeps) {
        if (!Values.truth(value)) {
            return new Generator(List.of());
        }
        int first = ofAttribute ? 1 : 0;
        List<Object> positional = arguments.positional();
        if (positional.size() < first) {
            throw run.fault("Missing parameter for attribute name");
        }
        Operation test = positional.size() > first
                ? named(run, arguments, first, Tests.NAMED, "test")
                : (_, subject, _) -> subject;
        var selected = new ArrayList<Object>();
        for (Object element : Values.elements(run, value)) {
            Object subject = ofAttribute ? attribute(run, element, positional.getFirst())
                    : element;
            Object result = test.apply(run, subject, arguments.after(first + 1));
            if (Values.truth(result) == keeps) {
                selected.add(element);
            }
        }
        run.makes(selected.size() * Values.ELEMENT_CHARACTERS);
        return new Generator(selected);
    }
}
