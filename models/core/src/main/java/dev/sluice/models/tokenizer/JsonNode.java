package dev.sluice.models.tokenizer;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A value of a JSON file with the way to it, so that an error says where it is: reading it as
/// something it is not is a `MalformedModelException` such as
/// "tokenizer.json: model.merges[3]: expected a text, got 7".
record JsonNode(Path file, String where, Object value) {

    boolean isNull() { return value == null; }

    boolean isText() { return value instanceof String; }

    boolean isList() { return value instanceof List<?>; }

    boolean isObject() { return value instanceof Map<?, ?>; }

    boolean has(String key) {
        return value instanceof Map<?, ?> map && map.get(key) != null;
    }

    /// The member `key`, which may be absent and then is null.
    JsonNode at(String key) {
        return new JsonNode(file, where.isEmpty() ? key : where + "." + key, object().get(key));
    }

    Map<?, ?> object() {
        return value instanceof Map<?, ?> map ? map : fail("an object");
    }

    String text() {
        return value instanceof String text ? text : fail("a text");
    }

    String text(String key, String absent) {
        return has(key) ? at(key).text() : absent;
    }

    boolean flag(String key, boolean absent) {
        return !has(key) ? absent
                : at(key).value instanceof Boolean flag ? flag : at(key).fail("true or false");
    }

    /// A whole number from 0 to the largest `int`.
    int number() {
        return value instanceof Long number && number >= 0 && number <= Integer.MAX_VALUE
                ? number.intValue() : fail("a whole number from 0");
    }

    List<JsonNode> list() {
        if (!(value instanceof List<?> list)) {
            return fail("a list");
        }
        var nodes = new ArrayList<JsonNode>(list.size());
        for (Object element : list) {
            nodes.add(new JsonNode(file, where + "[" + nodes.size() + "]", element));
        }
        return nodes;
    }

    MalformedModelException malformed(String reason) {
        return new MalformedModelException(file, where.isEmpty() ? reason : where + ": " + reason);
    }

    UnsupportedModelException unsupported(String what, String known) {
        return new UnsupportedModelException("%s: %s: %s is not supported; known: %s"
                .formatted(file, where, what, known));
    }

    private <T> T fail(String expected) {
        String got = String.valueOf(value);
        throw malformed("expected %s, got %s"
                .formatted(expected, got.length() > 40 ? got.substring(0, 40) + "..." : got));
    }
}
