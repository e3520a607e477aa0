package dev.sluice.runtime.toolcall;

import dev.sluice.models.json.Json;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Which parameters of a request's tools are strings. Formats that write values without quotation
/// marks need it: `<parameter=zip>01234` is a text or a number, and only the schema knows.
/// Immutable.
public final class ToolTypes {
    /// Nothing is known of any tool.
    public static final ToolTypes NONE = new ToolTypes(Map.of());

    private enum Kind { STRING, OTHER, UNKNOWN }

    private final Map<String, Map<String, Kind>> tools;

    private ToolTypes(Map<String, Map<String, Kind>> tools) {
        this.tools = tools;
    }

    /// @param tools as OpenAI's requests have them:
    ///              `{"type":"function","function":{"name":..,"parameters":{..}}}`, or the inner
    ///              object alone
    public static ToolTypes of(List<?> tools) {
        var kinds = new HashMap<String, Map<String, Kind>>();
        for (Object tool : tools) {
            Map<?, ?> function = object(object(tool).get("function"));
            if (function.isEmpty()) {
                function = object(tool);
            }
            if (function.get("name") instanceof String name) {
                kinds.put(name, kinds(object(function.get("parameters"))));
            }
        }
        return new ToolTypes(kinds);
    }

    private static Map<String, Kind> kinds(Map<?, ?> schema) {
        var kinds = new HashMap<String, Kind>();
        for (Map.Entry<?, ?> property : object(schema.get("properties")).entrySet()) {
            kinds.put((String) property.getKey(), kind(object(property.getValue())));
        }
        return kinds;
    }

    private static Kind kind(Map<?, ?> schema) {
        if (schema.get("type") instanceof String type) {
            return type.equals("string") ? Kind.STRING : Kind.OTHER;
        }
        return schema.get("enum") instanceof List<?> values && !values.isEmpty()
                && allTexts(values) ? Kind.STRING : Kind.UNKNOWN;
    }

    private static boolean allTexts(List<?> values) {
        for (Object value : values) {
            if (!(value instanceof String)) {
                return false;
            }
        }
        return true;
    }

    private static Map<?, ?> object(Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    public Set<String> names() { return tools.keySet(); }

    /// Whether the schema says that the value is a text.
    public boolean isString(String tool, String parameter) {
        return kind(tool, parameter) == Kind.STRING;
    }

    /// The JSON of a value written without quotation marks: a text where the schema says so and
    /// where it is not JSON.
    String json(String tool, String parameter, String text) {
        return kind(tool, parameter) == Kind.STRING ? Json.write(text) : jsonOrText(text);
    }

    /// The text itself if it is JSON, otherwise the text as a JSON string.
    static String jsonOrText(String text) {
        String trimmed = text.strip();
        try {
            Json.parse(trimmed);
            return trimmed;
        } catch (Json.MalformedJsonException e) {
            return Json.write(switch (trimmed) {
                case "True" -> true;
                case "False" -> false;
                case "None" -> null;
                default -> text;
            });
        }
    }

    private Kind kind(String tool, String parameter) {
        return tools.getOrDefault(tool, Map.of()).getOrDefault(parameter, Kind.UNKNOWN);
    }
}
