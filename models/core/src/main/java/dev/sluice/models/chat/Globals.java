package dev.sluice.models.chat;

import dev.sluice.models.chat.Arguments.Bound;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The functions that every template may call. Variables of the same name hide them.
final class Globals {
    static final Map<String, Function> NAMED = Map.of(
            "range", function("range", Globals::range),
            "dict", function("dict", Globals::dict),
            "namespace", function("namespace", Globals::namespace),
            "raise_exception", function("raise_exception", Globals::raise),
            "strftime_now", function("strftime_now", Globals::strftimeNow));

    /// Names that Jinja2 defines and we do not.
    static final Set<String> UNSUPPORTED = Set.of("self", "lipsum", "cycler", "joiner");

    private Globals() { }

    private static Function function(String name, Operation operation) {
        return new Function(name, name, operation);
    }

    private static Object range(Rendering run, Object subject, Arguments arguments) {
        Bound bound = arguments.bind(run, "range", "start", "stop?", "step?");
        long first = bound.integer(0);
        long start = bound.given(1) ? first : 0;
        long stop = bound.given(1) ? bound.integer(1) : first;
        long step = bound.integer(2, 1);
        if (step == 0) {
            throw run.fault("range() arg 3 must not be zero");
        }
        var range = new NumberRange(start, stop, step);
        if (range.length() > NumberRange.LENGTH_MAX) {
            throw run.fault("a range of more than " + NumberRange.LENGTH_MAX + " numbers");
        }
        return range;
    }

    private static Object dict(Rendering run, Object subject, Arguments arguments) {
        var map = new LinkedHashMap<Object, Object>();
        fill(run, "dict", arguments, map);
        return map;
    }

    private static Object namespace(Rendering run, Object subject, Arguments arguments) {
        var map = new LinkedHashMap<Object, Object>();
        fill(run, "namespace", arguments, map);
        var namespace = new Namespace();
        for (Map.Entry<Object, Object> entry : map.entrySet()) {
            if (!(entry.getKey() instanceof String name)) {
                throw run.fault("a namespace's attributes must have names");
            }
            namespace.attributes().put(name, entry.getValue());
        }
        return namespace;
    }

    /// Entries from a map or from pairs, then from the named arguments.
    private static void fill(Rendering run, String what, Arguments arguments,
                             Map<Object, Object> map) {
        List<Object> positional = arguments.positional();
        if (positional.size() > 1) {
            throw run.fault(what + " takes at most 1 argument, got " + positional.size());
        }
        for (Object source : positional) {
            List<Object> pairs = source instanceof Map<?, ?> other
                    ? CollectionMethods.pairs(run, other) : Values.elements(run, source);
            for (Object element : pairs) {
                List<Object> pair = Values.elements(run, element);
                if (pair.size() != 2) {
                    throw run.fault(what + " expects pairs, got " + pair.size() + " elements");
                }
                Values.put(map, Values.key(run, pair.get(0)), pair.get(1));
            }
        }
        map.putAll(arguments.named());
        run.makes(2 * map.size() * Values.ELEMENT_CHARACTERS);
    }

    private static Object raise(Rendering run, Object subject, Arguments arguments) {
        Object message = arguments.bind(run, "raise_exception", "message").get(0);
        throw new TemplateRefusedException(Printing.text(run, message));
    }

    private static Object strftimeNow(Rendering run, Object subject, Arguments arguments) {
        String format = arguments.bind(run, "strftime_now", "format").text(0);
        return TimeFormat.format(run, LocalDateTime.now(run.clock()), format);
    }
}
