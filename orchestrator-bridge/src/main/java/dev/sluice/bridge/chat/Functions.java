package dev.sluice.bridge.chat;

import dev.sluice.runtime.toolcall.ToolTypes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Tools and calls as chat templates read them. The order of the keys is fixed: templates print
/// them, and a prompt that is the same but for an order is another one to the prefix cache.
public final class Functions {
    private Functions() { }

    /// A tool.
    ///
    /// @param function with `name`, and perhaps `description` and `parameters`
    public static Map<String, Object> tool(Map<String, Object> function) {
        var tool = new LinkedHashMap<String, Object>();
        tool.put("type", "function");
        tool.put("function", function);
        return tool;
    }

    /// A call that was made.
    ///
    /// @param arguments as JSON
    public static Map<String, Object> call(String id, String name, Object arguments) {
        var function = new LinkedHashMap<String, Object>();
        function.put("name", name);
        function.put("arguments", arguments);
        var call = new LinkedHashMap<String, Object>();
        call.put("id", id);
        call.putAll(tool(function));
        return call;
    }

    /// The tool with any object as its arguments, but for what tells texts from other values:
    /// formats without quotation marks are read by it.
    public static Map<String, Object> loose(Map<String, Object> tool) {
        var function = (Map<?, ?>) tool.get("function");
        String name = (String) function.get("name");
        ToolTypes types = ToolTypes.of(List.of(tool));
        var properties = new LinkedHashMap<String, Object>();
        if (function.get("parameters") instanceof Map<?, ?> schema
                && schema.get("properties") instanceof Map<?, ?> all) {
            for (Object parameter : all.keySet()) {
                boolean text = types.isString(name, (String) parameter);
                properties.put((String) parameter, text ? Map.of("type", "string") : true);
            }
        }
        return tool(Map.of("name", name,
                "parameters", Map.of("type", "object", "properties", properties)));
    }
}
