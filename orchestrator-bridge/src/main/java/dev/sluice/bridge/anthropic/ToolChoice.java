package dev.sluice.bridge.anthropic;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.chat.Functions;
import dev.sluice.bridge.chat.OutputRule;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The fields of a request that are about tools. Immutable.
///
/// @param shown   tools that the model is told of, as chat templates read them
/// @param forced  tools of which one must be called; empty where the model decides
/// @param strict  names of tools whose arguments must obey their schema
/// @param oneCall whether the answer may have one call at most
/// @param marked  whether a tool has a `cache_control`
record ToolChoice(List<Map<String, Object>> shown, List<Map<String, Object>> forced,
        Set<Object> strict, boolean oneCall, boolean marked) {

    static ToolChoice read(Fields fields) {
        var tools = new ArrayList<Map<String, Object>>();
        var names = new HashSet<Object>();
        boolean marked = false;
        var strict = new HashSet<Object>();
        for (Fields tool : fields.objects("tools")) {
            marked |= CacheMarks.read(tool);
            boolean isStrict = tool.flag("strict", false);
            Map<String, Object> function = function(tool);
            if (isStrict) {
                strict.add(function.get("name"));
            }
            if (!names.add(function.get("name"))) {
                throw ApiException.invalid(tool.path("name"),
                        "%s: two tools are named '%s'".formatted(
                                tool.path("name"), function.get("name")));
            }
            tools.add(Functions.tool(function));
        }
        return choice(fields, tools, strict, marked);
    }

    private static Map<String, Object> function(Fields tool) {
        String type = tool.text("type").orElse("custom");
        if (!type.equals("custom")) {
            throw ApiException.invalid(tool.path("type"), ("%s: '%s' is a tool of Anthropic's "
                    + "servers; only custom tools are supported").formatted(
                            tool.path("type"), type));
        }
        // How the arguments are streamed: always as they come.
        tool.ignore("eager_input_streaming");
        tool.only("defer_loading", false);
        tool.only("allowed_callers", List.of("direct"));
        var function = new LinkedHashMap<String, Object>();
        String name = tool.requiredText("name");
        if (name.isEmpty() || name.length() > 128) {
            throw tool.wrong("name", "a name of 1 to 128 characters", name);
        }
        function.put("name", name);
        tool.text("description").ifPresent(text -> function.put("description", text));
        Fields schema = tool.object("input_schema").orElseThrow(
                () -> tool.missing("input_schema"));
        function.put("parameters", schema.values());
        tool.end();
        return function;
    }

    private static ToolChoice choice(
            Fields fields, List<Map<String, Object>> tools, Set<Object> strict, boolean marked) {
        if (!fields.has("tool_choice")) {
            fields.ignore("tool_choice");
            return new ToolChoice(tools, List.of(), strict, false, marked);
        }
        Fields choice = fields.object("tool_choice").orElseThrow();
        String type = choice.requiredText("type");
        boolean oneCall = choice.flag("disable_parallel_tool_use", false);
        ToolChoice made = switch (type) {
            case "auto" -> new ToolChoice(tools, List.of(), strict, oneCall, marked);
            case "none" -> new ToolChoice(List.of(), List.of(), strict, oneCall, marked);
            case "any" -> new ToolChoice(tools, tools, strict, oneCall, marked);
            case "tool" -> new ToolChoice(tools,
                    List.of(named(choice, tools)), strict, oneCall, marked);
            default -> throw choice.wrong("type", "auto, any, tool or none", type);
        };
        choice.end();
        if (tools.isEmpty() && !type.equals("none") && !type.equals("auto")) {
            throw ApiException.invalid("tool_choice", "tool_choice: '" + type + "' needs tools");
        }
        return made;
    }

    private static Map<String, Object> named(Fields choice, List<Map<String, Object>> tools) {
        String name = choice.requiredText("name");
        for (Map<String, Object> tool : tools) {
            if (name.equals(((Map<?, ?>) tool.get("function")).get("name"))) {
                return tool;
            }
        }
        throw ApiException.invalid(choice.path("name"),
                "%s: there is no tool '%s'".formatted(choice.path("name"), name));
    }

    /// What the answer must be: calls where they are forced; calls that keep to what they were
    /// promised to, or `otherwise`; else `otherwise`.
    OutputRule rule(OutputRule otherwise) {
        if (!forced.isEmpty()) {
            return new OutputRule.Calls(forced, !oneCall);
        }
        var calls = new ArrayList<Map<String, Object>>();
        boolean watched = false;
        for (Map<String, Object> tool : shown) {
            boolean isStrict = strict.contains(((Map<?, ?>) tool.get("function")).get("name"));
            watched |= isStrict;
            calls.add(isStrict ? tool : Functions.loose(tool));
        }
        if (!watched) {
            return otherwise;
        }
        var optional = new OutputRule.Calls(calls, false, !oneCall);
        return otherwise instanceof OutputRule.Free ? optional
                : new OutputRule.CallsOrForm(optional, otherwise);
    }
}
