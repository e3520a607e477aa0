package dev.sluice.bridge.openai;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.Functions;
import dev.sluice.bridge.chat.OutputRule;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The fields of a request that are about tools: `tools`, `tool_choice` and
/// `parallel_tool_calls`.
///
/// @param shown tools that the model is told of, as chat templates read them
/// @param rule  what calls must be; empty where the model writes them as it likes
public record ToolFields(List<Map<String, Object>> shown, Optional<OutputRule.Calls> rule) {
    private static final String CHOICES =
            "none, auto, required, a function or allowed_tools";

    /// Calls of the shown tools, with any arguments; empty where there is no tool.
    Optional<OutputRule.Calls> anyCalls() {
        return shown.isEmpty() ? Optional.empty() : Optional.of(new OutputRule.Calls(
                shown.stream().map(Functions::loose).toList(), false, true));
    }

    /// Where an endpoint keeps a function's name and the allowed tools.
    public enum Shape {
        /// `{"type":"function","function":{"name":..}}`: chat completions.
        NESTED,
        /// `{"type":"function","name":..}`: responses.
        FLAT;

        /// The object under `name`, which in the flat shape is the entry itself.
        private Fields inside(Fields entry, String name) {
            return this == FLAT ? entry
                    : entry.object(name).orElseThrow(() -> entry.missing(name));
        }
    }

    /// @param strict names of tools whose arguments must obey their schema
    private record Tools(List<Map<String, Object>> all, Set<String> strict) {
        private Map<String, Object> named(Fields function) {
            String name = function.requiredText("name");
            for (Map<String, Object> tool : all) {
                if (name.equals(nameOf(tool))) {
                    return tool;
                }
            }
            throw ApiException.invalid(function.path("name"),
                    "%s: there is no tool '%s'".formatted(function.path("name"), name));
        }

        /// The model decides. What it was promised to keep to is still kept.
        private ToolFields optional(List<Map<String, Object>> some, boolean parallel) {
            boolean watched = !parallel;
            var calls = new ArrayList<Map<String, Object>>();
            for (Map<String, Object> tool : some) {
                boolean isStrict = strict.contains(nameOf(tool));
                watched |= isStrict;
                calls.add(isStrict ? tool : Functions.loose(tool));
            }
            return new ToolFields(some, watched && !some.isEmpty()
                    ? Optional.of(new OutputRule.Calls(calls, false, parallel))
                    : Optional.empty());
        }
    }

    public static ToolFields read(Fields fields, Shape shape) {
        Tools tools = tools(fields, shape);
        boolean parallel = fields.flag("parallel_tool_calls", true);
        Object choice = fields.any("tool_choice").orElse("auto");
        if (choice.equals("none")) {
            return new ToolFields(List.of(), Optional.empty());
        }
        if (choice.equals("auto")) {
            return tools.optional(tools.all, parallel);
        }
        if (tools.all.isEmpty()) {
            throw ApiException.invalid("tool_choice", "tool_choice without tools");
        }
        if (choice.equals("required")) {
            return forced(tools.all, tools.all, parallel);
        }
        if (!(choice instanceof Map)) {
            throw fields.wrong("tool_choice", CHOICES, choice);
        }
        return chosen(fields, shape, tools, parallel);
    }

    /// One named function, or some allowed ones.
    private static ToolFields chosen(Fields fields, Shape shape, Tools tools, boolean parallel) {
        Fields choice = fields.object("tool_choice").orElseThrow();
        String type = choice.requiredText("type");
        if (type.equals("function")) {
            Map<String, Object> tool = tools.named(ended(shape, choice, "function"));
            choice.end();
            return forced(tools.all, List.of(tool), false);
        }
        if (!type.equals("allowed_tools")) {
            throw choice.wrong("type", "function or allowed_tools", type);
        }
        Fields allowed = shape.inside(choice, "allowed_tools");
        String mode = allowed.text("mode").orElse("auto");
        var some = new ArrayList<Map<String, Object>>();
        for (Fields each : allowed.objects("tools")) {
            each.only("type", "function");
            some.add(tools.named(ended(shape, each, "function")));
            each.end();
        }
        allowed.end();
        choice.end();
        if (some.isEmpty() || !mode.equals("auto") && !mode.equals("required")) {
            throw allowed.wrong("mode", "auto or required, with at least one tool", mode);
        }
        return mode.equals("required") ? forced(some, some, parallel)
                : tools.optional(some, parallel);
    }

    /// The object with the name in it, which has nothing else.
    private static Fields ended(Shape shape, Fields entry, String name) {
        Fields inside = shape.inside(entry, name);
        if (shape == Shape.NESTED) {
            inside.any("name");
            inside.end();
        }
        return inside;
    }

    private static ToolFields forced(List<Map<String, Object>> shown,
            List<Map<String, Object>> tools, boolean parallel) {
        return new ToolFields(shown, Optional.of(new OutputRule.Calls(tools, true, parallel)));
    }

    private static Tools tools(Fields fields, Shape shape) {
        var tools = new ArrayList<Map<String, Object>>();
        var strict = new HashSet<String>();
        var names = new HashSet<String>();
        for (Fields tool : fields.objects("tools")) {
            String type = tool.requiredText("type");
            if (!type.equals("function")) {
                throw ApiException.invalid(tool.path("type"),
                        "%s: '%s' is not supported, only \"function\" is"
                                .formatted(tool.path("type"), type));
            }
            Fields function = shape.inside(tool, "function");
            String name = function.requiredText("name");
            if (!names.add(name)) {
                throw ApiException.invalid(function.path("name"),
                        "%s: two tools are named '%s'".formatted(function.path("name"), name));
            }
            if (function.flag("strict", false)) {
                strict.add(name);
            }
            tools.add(Functions.tool(described(function)));
            function.end();
            tool.end();
        }
        return new Tools(tools, strict);
    }

    /// What the model reads about a function.
    private static Map<String, Object> described(Fields function) {
        function.requiredText("name");
        function.text("description");
        function.object("parameters");
        var described = new LinkedHashMap<String, Object>();
        for (String key : List.of("name", "description", "parameters")) {
            function.any(key).ifPresent(value -> described.put(key, value));
        }
        return described;
    }

    private static Object nameOf(Map<String, Object> tool) {
        return ((Map<?, ?>) tool.get("function")).get("name");
    }
}
