package dev.sluice.runtime.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Random schemas of the keywords that [SchemaJudge] knows, and random values that are likely to
/// meet them or to miss them closely.
record RandomSchema(Random random) {
    private static final String[] NAMES = {"a", "b", "ab", "name", "\u00e9", "x\"y"};
    private static final String[] TEXTS = {"", "a", "ab", "abc", "aab", "\u00e9", "\ud83d\ude00b",
        "x\"y\n", "1", "a\\"};
    private static final String[] PATTERNS =
        {"^a", "b$", "^[ab]*$", "a.c", "\\d", "^.{2}$", "\u00e9"};
    private static final String[] TYPES = {"null", "boolean", "number", "integer", "string",
        "array", "object"};

    Object schema(int depth) {
        int kind = random.nextInt(20);
        if (kind == 0) {
            return random.nextInt(4) > 0;
        }
        var s = new LinkedHashMap<String, Object>();
        if (random.nextInt(3) > 0) {
            s.put("type", random.nextInt(4) > 0 ? pick(TYPES)
                    : new ArrayList<>(Arrays.asList(pick(TYPES), "string")));
        }
        for (int i = random.nextInt(4); i >= 0; i--) {
            keyword(s, depth);
        }
        return s;
    }

    private void keyword(Map<String, Object> s, int depth) {
        switch (random.nextInt(depth > 0 ? 26 : 14)) {
            case 0 -> s.put("enum", Arrays.asList(value(1), value(1), value(0)));
            case 1 -> s.put("minimum", number());
            case 2 -> s.put("maximum", number());
            case 3 -> s.put("exclusiveMinimum", number());
            case 4 -> s.put("exclusiveMaximum", number());
            case 5 -> s.put("multipleOf", List.of(1L, 2L, 3L, 0.5, 0.25).get(random.nextInt(5)));
            case 6 -> s.put("minLength", (long) random.nextInt(3));
            case 7 -> s.put("maxLength", (long) random.nextInt(4));
            case 8, 9 -> s.put("pattern", pick(PATTERNS));
            case 10 -> s.put("minItems", (long) random.nextInt(3));
            case 11 -> s.put("maxItems", (long) random.nextInt(4));
            case 12 -> s.put("required", List.of(pick(NAMES)));
            case 13 -> s.put(random.nextBoolean() ? "minProperties" : "maxProperties",
                    (long) random.nextInt(4));
            case 14, 15 -> s.put("properties", named(NAMES, depth));
            case 16 -> s.put("additionalProperties", schema(depth - 1));
            case 17 -> s.put("items", schema(depth - 1));
            case 18 -> s.put("prefixItems", List.of(schema(depth - 1), schema(depth - 1)));
            case 19 -> s.put("anyOf", List.of(schema(depth - 1), schema(depth - 1)));
            case 20 -> s.put("allOf", List.of(schema(depth - 1), schema(depth - 1)));
            case 21 -> s.put("not", schema(depth - 1));
            case 22 -> s.put("oneOf", List.of(schema(depth - 1), schema(depth - 1)));
            case 23 -> s.put("patternProperties", named(PATTERNS, depth));
            case 24 -> s.put("contains", schema(depth - 1));
            default -> s.put("dependentRequired", Map.of(pick(NAMES), List.of(pick(NAMES))));
        }
    }

    private Map<String, Object> named(String[] names, int depth) {
        var named = new LinkedHashMap<String, Object>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            named.put(pick(names), schema(depth - 1));
        }
        return named;
    }

    Object value(int depth) {
        return switch (random.nextInt(depth > 0 ? 9 : 6)) {
            case 0 -> null;
            case 1 -> random.nextBoolean();
            case 2, 3 -> number();
            case 4, 5 -> pick(TEXTS);
            case 6 -> {
                var list = new ArrayList<Object>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    list.add(value(depth - 1));
                }
                yield list;
            }
            default -> {
                var map = new LinkedHashMap<String, Object>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    map.put(pick(NAMES), value(depth - 1));
                }
                yield map;
            }
        };
    }

    private Number number() {
        return switch (random.nextInt(3)) {
            case 0 -> (Number) (long) (random.nextInt(7) - 3);
            case 1 -> (random.nextInt(41) - 20) / 4.0;
            default -> (long) (random.nextInt(2400) - 1200);
        };
    }

    private String pick(String[] of) {
        return of[random.nextInt(of.length)];
    }
}
