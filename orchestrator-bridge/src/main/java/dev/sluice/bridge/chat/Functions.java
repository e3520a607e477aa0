package dev.sluice.bridge.chat;

import java.util.LinkedHashMap;
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
}
