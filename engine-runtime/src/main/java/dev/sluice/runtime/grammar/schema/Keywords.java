package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.SchemaDialect;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Which keywords of a schema are tests, and which stand for a group that is looked at together:
/// `properties` for the three that divide the properties among them, `items` for those of arrays,
/// `contains` and `if` for theirs.
final class Keywords {
    private static final Set<String> ANNOTATIONS = Set.of("title", "description", "default",
            "examples", "$comment", "$schema", "$id", "$anchor", "$defs", "definitions", "readOnly",
            "writeOnly", "deprecated", "contentEncoding", "contentMediaType", "contentSchema",
            "$dynamicAnchor", "then", "else", "minContains", "maxContains", "example");
    private static final Set<String> TESTS = Set.of("type", "enum", "const", "multipleOf",
            "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength",
            "pattern", "format", "maxItems", "minItems", "uniqueItems", "contains",
            "unevaluatedItems", "required", "maxProperties", "minProperties", "propertyNames",
            "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties",
            "allOf", "anyOf", "oneOf", "not", "if", "$ref");
    private static final Set<String> MEMBERS =
            Set.of("properties", "patternProperties", "additionalProperties");
    private static final Set<String> ITEMS = Set.of("prefixItems", "items", "additionalItems");
    private static final Set<String> REFUSED = Set.of("$dynamicRef", "$recursiveRef",
            "$recursiveAnchor", "$vocabulary", "discriminator", "nullable");
    /// Keywords of one edition that a document of the other should not have.
    private static final Map<String, SchemaDialect> OTHERS = Map.of(
            "prefixItems", SchemaDialect.DRAFT_7, "minContains", SchemaDialect.DRAFT_7,
            "maxContains", SchemaDialect.DRAFT_7, "dependentRequired", SchemaDialect.DRAFT_7,
            "dependentSchemas", SchemaDialect.DRAFT_7, "unevaluatedItems", SchemaDialect.DRAFT_7,
            "unevaluatedProperties", SchemaDialect.DRAFT_7,
            "additionalItems", SchemaDialect.DRAFT_2020_12);

    private Keywords() { }

    /// The tests of a schema; `notes` takes what is read as an annotation.
    static List<String> tests(SchemaNode node, SchemaDialect dialect, Set<String> notes) {
        if (dialect == SchemaDialect.DRAFT_7 && node.has("$ref")) {
            return List.of("$ref");
        }
        var tests = new ArrayList<String>();
        boolean members = false;
        boolean items = false;
        for (String keyword : node.members().keySet()) {
            if (REFUSED.contains(keyword)) {
                throw node.rejected(keyword, "not supported");
            }
            if (OTHERS.get(keyword) == dialect) {
                throw node.rejected(keyword, "belongs to another edition of JSON Schema");
            }
            if (TESTS.contains(keyword)) {
                tests.add(keyword);
            } else if (MEMBERS.contains(keyword)) {
                members = true;
            } else if (ITEMS.contains(keyword)) {
                items = true;
            } else if (!ANNOTATIONS.contains(keyword)) {
                notes.add("'" + keyword + "' is no keyword of JSON Schema and has no effect");
            }
        }
        if (members) {
            tests.add("properties");
        }
        if (items) {
            tests.add("items");
        }
        return tests;
    }
}
