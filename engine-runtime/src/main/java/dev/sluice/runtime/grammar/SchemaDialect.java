package dev.sluice.runtime.grammar;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Which edition of JSON Schema a document is read as.
public enum SchemaDialect {
    /// Draft 7: `definitions`, `items` as a list, nothing beside `$ref` counts.
    DRAFT_7,
    /// Draft 2020-12.
    DRAFT_2020_12;

    private static final Set<String> OLD =
            Set.of("definitions", "dependencies", "additionalItems");
    private static final Set<String> NEW = Set.of("$defs", "prefixItems", "dependentRequired",
            "dependentSchemas", "unevaluatedItems", "unevaluatedProperties", "minContains",
            "maxContains", "$anchor", "$dynamicRef");

    /// The edition that a document names in `$schema`. One that names none is draft 7 if it uses
    /// keywords that only draft 7 has (`definitions`, `dependencies`, `additionalItems`, a list as
    /// `items`) and none that only 2020-12 has.
    public static SchemaDialect of(Object document) {
        Object named = document instanceof Map<?, ?> map ? map.get("$schema") : null;
        if (named instanceof String uri) {
            if (uri.contains("/draft-07/")) {
                return DRAFT_7;
            }
            if (uri.contains("/draft/2020-12/")) {
                return DRAFT_2020_12;
            }
            throw new GrammarRejected("$schema", "/$schema", "not draft-07 or 2020-12: " + uri);
        }
        return uses(document, OLD, true) && !uses(document, NEW, false) ? DRAFT_7 : DRAFT_2020_12;
    }

    private static boolean uses(Object value, Set<String> keywords, boolean listOfItems) {
        var open = new ArrayDeque<Object>();
        open.add(value);
        while (!open.isEmpty()) {
            Object next = open.remove();
            if (next instanceof List<?> list) {
                list.forEach(item -> open.add(item == null ? "" : item));
            } else if (next instanceof Map<?, ?> map) {
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    boolean list = listOfItems && "items".equals(entry.getKey())
                            && entry.getValue() instanceof List;
                    if (list || keywords.contains(entry.getKey())) {
                        return true;
                    }
                    open.add(entry.getValue() == null ? "" : entry.getValue());
                }
            }
        }
        return false;
    }
}
