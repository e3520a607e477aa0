package dev.sluice.runtime.grammar.schema;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What a schema looks at by itself and through `allOf` and `$ref`, for the `unevaluated` keywords.
/// Where that depends on the value (`anyOf`, `if`, `contains` ...) the schema is refused.
final class Evaluated {
    private static final List<String> DEPENDING = List.of("anyOf", "oneOf", "if", "not",
            "dependentSchemas", "contains", "$dynamicRef", "dependencies");

    private final String keyword;
    private final Map<String, Literal> names = new LinkedHashMap<>();
    private final List<String> patterns = new ArrayList<>();
    private final Set<SchemaNode> seen = new HashSet<>();
    private int items;
    private boolean allItems;
    private boolean allProperties;

    private Evaluated(String keyword) {
        this.keyword = keyword;
    }

    /// What `node` evaluates beside its `keyword`.
    static Evaluated by(SchemaNode node, String keyword) {
        var evaluated = new Evaluated(keyword);
        evaluated.add(node, node);
        return evaluated;
    }

    Map<String, Literal> names() { return names; }

    List<String> patterns() { return patterns; }

    boolean allProperties() { return allProperties; }

    /// How many first items are evaluated.
    int items() { return items; }

    boolean allItems() { return allItems; }

    private void add(SchemaNode node, SchemaNode top) {
        if (!seen.add(node)) {
            return;
        }
        for (String depending : DEPENDING) {
            if (node.has(depending)) {
                throw top.rejected(keyword, "what '" + depending + "' evaluates is not known");
            }
        }
        node.namedChildren("properties").keySet().forEach(name -> names.put(name, Literal.TRUE));
        patterns.addAll(node.object("patternProperties").keySet());
        boolean inner = node != top;
        allProperties |= node.has("additionalProperties")
                || inner && node.has("unevaluatedProperties");
        allItems |= node.has("items") || inner && node.has("unevaluatedItems");
        if (node.has("prefixItems")) {
            items = Math.max(items, node.list("prefixItems").size());
        }
        if (node.has("$ref")) {
            add(node.target(), top);
        }
        if (node.has("allOf")) {
            node.children("allOf").forEach(part -> add(part, top));
        }
    }
}
