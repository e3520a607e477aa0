package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.GrammarRejected;
import dev.sluice.runtime.grammar.SchemaDialect;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A schema document: its nodes by JSON pointer, and what references in it lead to. References
/// never leave the document. One thread.
final class SchemaDocument {
    private static final int DEPTH_MAX = 150;
    /// Keywords whose value is a schema, a list of schemas, or an object of schemas.
    private static final Set<String> ONE = Set.of("additionalProperties", "propertyNames", "items",
            "contains", "not", "if", "then", "else", "additionalItems", "unevaluatedItems",
            "unevaluatedProperties", "contentSchema");
    private static final Set<String> MANY = Set.of("allOf", "anyOf", "oneOf", "prefixItems",
            "items");
    private static final Set<String> NAMED = Set.of("properties", "patternProperties", "$defs",
            "definitions", "dependentSchemas", "dependencies");

    private final Object root;
    private final SchemaDialect dialect;
    private final Map<String, SchemaNode> nodes = new HashMap<>();
    /// Address of a resource, or of an anchor with `#name` behind it -> JSON pointer.
    private final Map<String, String> addresses = new HashMap<>();

    SchemaDocument(Object root, SchemaDialect dialect) {
        this.root = root;
        this.dialect = dialect;
        addresses.put("", "");
        index(root, "", "", 0);
    }

    SchemaDialect dialect() { return dialect; }

    SchemaNode root() { return node(""); }

    @SuppressWarnings("unchecked") // Json makes every object's keys strings.
    static Map<String, Object> object(Map<?, ?> map) {
        return (Map<String, Object>) map;
    }

    /// The schema at a JSON pointer.
    SchemaNode node(String pointer) {
        SchemaNode known = nodes.get(pointer);
        if (known != null) {
            return known;
        }
        Object at = root;
        String base = baseOf(at, "");
        String[] tokens = pointer.isEmpty() ? new String[0] : pointer.substring(1).split("/", -1);
        for (String token : tokens) {
            at = member(at, token.replace("~1", "/").replace("~0", "~"), pointer);
            base = baseOf(at, base);
        }
        var made = new SchemaNode(this, at, pointer, base);
        nodes.put(pointer, made);
        return made;
    }

    private static Object member(Object value, String token, String pointer) {
        if (value instanceof Map<?, ?> map && map.containsKey(token)) {
            return map.get(token);
        }
        if (value instanceof List<?> list && token.matches("[0-9]{1,6}")
                && Integer.parseInt(token) < list.size()) {
            return list.get(Integer.parseInt(token));
        }
        throw new GrammarRejected("$ref", pointer, "nothing there");
    }

    private String baseOf(Object value, String base) {
        return value instanceof Map<?, ?> map && map.get("$id") instanceof String id
                && !id.startsWith("#") && !hidesSiblings(map) ? absolute(id, base) : base;
    }

    /// In draft 7 nothing beside a reference counts.
    private boolean hidesSiblings(Map<?, ?> map) {
        return dialect == SchemaDialect.DRAFT_7 && map.get("$ref") instanceof String;
    }

    private void index(Object value, String pointer, String outer, int depth) {
        if (depth > DEPTH_MAX) {
            throw new GrammarRejected("schema", pointer.substring(0, 40),
                    "schemas inside each other over " + DEPTH_MAX + " deep");
        }
        if (!(value instanceof Map<?, ?> map)) {
            return;
        }
        String base = baseOf(map, outer);
        if (!base.equals(outer)) {
            addresses.putIfAbsent(base, pointer);
        }
        for (String keyword : List.of("$anchor", "$dynamicAnchor", "$id")) {
            if (map.get(keyword) instanceof String name && !hidesSiblings(map)) {
                String anchor = !keyword.equals("$id") ? "#" + name
                        : name.startsWith("#") ? name : "";
                if (!anchor.isEmpty()) {
                    addresses.putIfAbsent(base + anchor, pointer);
                }
            }
        }
        map.forEach((key, member) -> {
            String keyword = (String) key;
            String at = pointer + "/" + SchemaNode.escaped(keyword);
            if (ONE.contains(keyword)) {
                index(member, at, base, depth + 1);
            }
            if (MANY.contains(keyword) && member instanceof List<?> list) {
                for (int i = 0; i < list.size(); i++) {
                    index(list.get(i), at + "/" + i, base, depth + 1);
                }
            }
            if (NAMED.contains(keyword) && member instanceof Map<?, ?> named) {
                named.forEach((name, schema) -> index(schema,
                        at + "/" + SchemaNode.escaped((String) name), base, depth + 1));
            }
        });
    }

    /// The schema that a reference in `from` leads to.
    SchemaNode resolve(String reference, SchemaNode from) {
        String address = absolute(reference, from.base());
        int hash = address.indexOf('#');
        String resource = hash < 0 ? address : address.substring(0, hash);
        String fragment = hash < 0 ? "" : decoded(address.substring(hash + 1));
        String start = addresses.get(resource);
        if (start == null && resource.equals(node("").base())) {
            start = "";
        }
        if (start == null) {
            throw from.rejected("$ref", "leads out of the document: " + reference);
        }
        if (fragment.isEmpty()) {
            return node(start);
        }
        if (fragment.startsWith("/")) {
            return node(start + fragment);
        }
        String anchored = addresses.get(resource + "#" + fragment);
        if (anchored == null) {
            throw from.rejected("$ref", "no anchor " + fragment);
        }
        return node(anchored);
    }

    private static String decoded(String fragment) {
        try {
            return URLDecoder.decode(fragment.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return fragment; // A lone percent sign stands for itself.
        }
    }

    private static String absolute(String reference, String base) {
        if (reference.startsWith("#")) {
            return base + reference;
        }
        try {
            URI uri = URI.create(reference);
            String address = base.isEmpty() || uri.isAbsolute() ? reference
                    : URI.create(base).resolve(uri).toString();
            return address.endsWith("#") ? address.substring(0, address.length() - 1) : address;
        } catch (IllegalArgumentException e) {
            return reference; // Not an address; it leads nowhere, and the caller says so.
        }
    }
}
