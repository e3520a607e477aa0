package dev.sluice.runtime;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// A Java method that a model may call. Immutable; the body runs on the thread of [Agent#ask].
///
/// ```java
/// Tool weather = Tool.of("get_weather", "Get the weather",
///         arguments -> weatherIn(arguments.get("city").toString())).taking("city", "string");
/// ```
///
/// @param schema JSON Schema of the arguments, an object; its order is what the model sees
public record Tool(String name, String description, Map<String, Object> schema, Body body) {
    /// What a call does. Its result is told to the model.
    @FunctionalInterface
    public interface Body {
        /// @param arguments as the model wrote them, which need not be as the schema says: texts,
        ///                  `Long`, `Double`, `Boolean`, `List`, `Map` or `null`
        /// @throws ToolFailedException with what the model shall be told; anything else ends the
        ///                             request
        String call(Map<String, Object> arguments);
    }

    public Tool {
        Objects.requireNonNull(body);
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a tool needs a name");
        }
        schema = Collections.unmodifiableMap(new LinkedHashMap<>(schema));
    }

    /// A tool without arguments, until it is [#taking] some.
    public static Tool of(String name, String description, Body body) {
        return new Tool(name, description, schema(Map.of(), List.of()), body);
    }

    /// The same with one more required argument.
    ///
    /// @param type JSON Schema's: string, integer, number, boolean
    public Tool taking(String argument, String type) {
        var properties = new LinkedHashMap<Object, Object>((Map<?, ?>) schema.get("properties"));
        properties.put(argument, Map.of("type", type));
        var required = new ArrayList<Object>((List<?>) schema.get("required"));
        required.add(argument);
        return new Tool(name, description, schema(properties, required), body);
    }

    private static Map<String, Object> schema(Map<?, ?> properties, List<?> required) {
        var schema = new LinkedHashMap<String, Object>();
        schema.put("type", "object");
        schema.put("properties", properties);
        schema.put("required", required);
        return schema;
    }

    /// In the form that chat templates read.
    Map<String, Object> definition() {
        var function = new LinkedHashMap<String, Object>();
        function.put("name", name);
        function.put("description", description);
        function.put("parameters", schema);
        var definition = new LinkedHashMap<String, Object>();
        definition.put("type", "function");
        definition.put("function", function);
        return definition;
    }
}
