package dev.sluice.models.chat;

import dev.sluice.models.chat.Statement.MacroBody;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// How the arguments of a call become the variables of a macro: by position, by name, by
/// default, and what is left over in `varargs` and `kwargs` if the macro reads these.
final class MacroInputs {
    private MacroInputs() { }

    static void assign(Rendering run, Evaluator evaluator, MacroBody macro, Arguments arguments,
                       Scope scope) {
        List<Object> positional = arguments.positional();
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        List<String> parameters = macro.parameters();
        int withoutDefault = parameters.size() - macro.defaults().size();
        for (int i = 0; i < parameters.size(); i++) {
            String name = parameters.get(i);
            Object value;
            if (i < positional.size()) {
                value = positional.get(i);
            } else if (named.containsKey(name)) {
                value = named.remove(name);
            } else if (i >= withoutDefault) {
                value = evaluator.evaluate(macro.defaults().get(i - withoutDefault), scope);
            } else {
                value = new Undefined("parameter '" + name + "' was not provided");
            }
            scope.assign(name, value);
        }
        extra(run, macro, positional, named, scope);
    }

    private static void extra(Rendering run, MacroBody macro, List<Object> positional,
                              Map<String, Object> named, Scope scope) {
        int count = macro.parameters().size();
        if (macro.namesRead().contains("caller") && !macro.parameters().contains("caller")) {
            Object caller = named.containsKey("caller")
                    ? named.remove("caller") : new Undefined("No caller defined");
            scope.assign("caller", caller);
        }
        if (macro.namesRead().contains("kwargs")) {
            scope.assign("kwargs", new LinkedHashMap<Object, Object>(named));
        } else if (!named.isEmpty()) {
            throw run.fault("macro '" + macro.name() + "' takes no keyword argument '"
                    + named.keySet().iterator().next() + "'");
        }
        List<Object> rest = positional.size() > count
                ? positional.subList(count, positional.size()) : List.of();
        if (macro.namesRead().contains("varargs")) {
            scope.assign("varargs", new Tuple(new ArrayList<>(rest)));
        } else if (!rest.isEmpty()) {
            throw run.fault("macro '" + macro.name() + "' takes not more than " + count
                    + " argument(s)");
        }
    }
}
