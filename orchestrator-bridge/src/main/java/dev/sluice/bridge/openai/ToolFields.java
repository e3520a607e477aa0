package dev.sluice.bridge.openai;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The fields of a request that are about tools.
///
/// @param shown    tools that the model is told of
/// @param forced   tools of which one must be called; empty where the model decides
/// @param parallel whether one answer may have several calls
record ToolFields(List<Map<String, Object>> shown, List<Map<String, Object>> forced,
        boolean parallel) {

    static ToolFields read(Fields fields) {
        List<Map<String, Object>> tools = tools(fields);
        boolean parallel = fields.flag("parallel_tool_calls", true);
        Object choice = fields.any("tool_choice").orElse("auto");
        if (choice.equals("none")) {
            return new ToolFields(List.of(), List.of(), parallel);
        }
        if (choice.equals("auto")) {
            if (!parallel && !tools.isEmpty()) {
                throw ApiException.invalid("parallel_tool_calls", "parallel_tool_calls: false "
                        + "needs a tool_choice that forces a call");
            }
            return new ToolFields(tools, List.of(), parallel);
        }
        if (tools.isEmpty()) {
            throw ApiException.invalid("tool_choice", "tool_choice without tools");
        }
        if (choice.equals("required")) {
            return new ToolFields(tools, tools, parallel);
        }
        return chosen(fields, Fields.of(fields.path("tool_choice"), choice), tools, parallel);
    }

    /// One named function, or some allowed ones.
    private static ToolFields chosen(Fields fields, Fields choice,
            List<Map<String, Object>> tools, boolean parallel) {
        String type = choice.requiredText("type");
        if (type.equals("function")) {
            Map<String, Object> tool = named(tools, choice);
            choice.end();
            return new ToolFields(tools, List.of(tool), false);
        }
        if (!type.equals("allowed_tools")) {
            throw fields.wrong("tool_choice", "none, auto, required, a function or allowed_tools",
                    type);
        }
        Fields allowed = choice.object("allowed_tools").orElseThrow(
                () -> choice.missing("allowed_tools"));
        String mode = allowed.text("mode").orElse("auto");
        var some = new ArrayList<Map<String, Object>>();
        for (Fields each : allowed.objects("tools")) {
            each.only("type", "function");
            some.add(named(tools, each));
            each.end();
        }
        allowed.end();
        choice.end();
        if (some.isEmpty() || !mode.equals("auto") && !mode.equals("required")) {
            throw allowed.wrong("mode", "auto or required, with at least one tool", mode);
        }
        return new ToolFields(some, mode.equals("required") ? some : List.of(), parallel);
    }

    private static Map<String, Object> named(List<Map<String, Object>> tools, Fields choice) {
        Fields function = choice.object("function").orElseThrow(
                () -> choice.missing("function"));
        String name = function.requiredText("name");
        function.end();
        for (Map<String, Object> tool : tools) {
            if (name.equals(((Map<?, ?>) tool.get("function")).get("name"))) {
                return tool;
            }
        }
        throw ApiException.invalid(function.path("name"),
                "%s: there is no tool '%s'".formatted(function.path("name"), name));
    }

    private static List<Map<String, Object>> tools(Fields fields) {
        var tools = new ArrayList<Map<String, Object>>();
        for (Fields tool : fields.objects("tools")) {
            if (!tool.requiredText("type").equals("function")) {
                throw ApiException.invalid(tool.path("type"),
                        tool.path("type") + ": only \"function\" is supported");
            }
            Fields function = tool.object("function").orElseThrow(() -> tool.missing("function"));
            function.requiredText("name");
            function.text("description");
            function.object("parameters");
            function.flag("strict", false);
            function.end();
            tool.end();
            tools.add(Map.of("type", "function", "function", function.values()));
        }
        return tools;
    }
}
