package dev.sluice.runtime.grammar;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Judges a value by a schema, keyword by keyword, as the specification reads: the oracle of the
/// tests. No references.
final class SchemaJudge {
    private SchemaJudge() { }

    static boolean valid(Object schema, Object value) {
        if (schema instanceof Boolean flag) {
            return flag;
        }
        Map<?, ?> s = (Map<?, ?>) schema;
        for (Object keyword : s.keySet()) {
            if (!holds((String) keyword, s, value)) {
                return false;
            }
        }
        return true;
    }

    private static boolean holds(String keyword, Map<?, ?> s, Object value) {
        Object k = s.get(keyword);
        return switch (keyword) {
            case "type" -> k instanceof List<?> types ? types.stream().anyMatch(t -> is(t, value))
                    : is(k, value);
            case "enum" -> ((List<?>) k).stream().anyMatch(v -> same(v, value));
            case "const" -> same(k, value);
            case "allOf" -> ((List<?>) k).stream().allMatch(part -> valid(part, value));
            case "anyOf" -> ((List<?>) k).stream().anyMatch(part -> valid(part, value));
            case "oneOf" -> ((List<?>) k).stream().filter(part -> valid(part, value)).count() == 1;
            case "not" -> !valid(k, value);
            case "if" -> valid(k, value) ? !s.containsKey("then") || valid(s.get("then"), value)
                    : !s.containsKey("else") || valid(s.get("else"), value);
            case "then", "else" -> true;
            default -> switch (value) {
                case Number n -> number(keyword, decimal(k), decimal(n));
                case String text -> string(keyword, k, text);
                case List<?> list -> array(keyword, s, list);
                case Map<?, ?> map -> object(keyword, s, map);
                case null, default -> true;
            };
        };
    }

    private static boolean is(Object type, Object value) {
        return switch ((String) type) {
            case "null" -> value == null;
            case "boolean" -> value instanceof Boolean;
            case "number" -> value instanceof Number;
            case "integer" -> value instanceof Number n
                    && decimal(n).remainder(BigDecimal.ONE).signum() == 0;
            case "string" -> value instanceof String;
            case "array" -> value instanceof List;
            default -> value instanceof Map;
        };
    }

    private static BigDecimal decimal(Object value) {
        return value instanceof Number n ? new BigDecimal(n.toString()) : BigDecimal.ONE;
    }

    private static boolean same(Object a, Object b) {
        if (a instanceof Number && b instanceof Number) {
            return decimal(a).compareTo(decimal(b)) == 0;
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            boolean same = x.size() == y.size();
            for (int i = 0; same && i < x.size(); i++) {
                same = same(x.get(i), y.get(i));
            }
            return same;
        }
        if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
            return x.keySet().equals(y.keySet())
                    && x.keySet().stream().allMatch(name -> same(x.get(name), y.get(name)));
        }
        return a == null ? b == null : a.equals(b);
    }

    private static boolean number(String keyword, BigDecimal bound, BigDecimal value) {
        int order = value.compareTo(bound);
        return switch (keyword) {
            case "minimum" -> order >= 0;
            case "maximum" -> order <= 0;
            case "exclusiveMinimum" -> order > 0;
            case "exclusiveMaximum" -> order < 0;
            case "multipleOf" -> value.remainder(bound).signum() == 0;
            default -> true;
        };
    }

    private static boolean string(String keyword, Object k, String text) {
        int length = text.codePointCount(0, text.length());
        return switch (keyword) {
            case "minLength" -> length >= ((Number) k).intValue();
            case "maxLength" -> length <= ((Number) k).intValue();
            case "pattern" -> Pattern.compile((String) k).matcher(text).find();
            default -> true;
        };
    }

    private static boolean array(String keyword, Map<?, ?> s, List<?> list) {
        Object k = s.get(keyword);
        List<?> prefix = s.get("prefixItems") instanceof List<?> firsts ? firsts : List.of();
        return switch (keyword) {
            case "minItems" -> list.size() >= ((Number) k).intValue();
            case "maxItems" -> list.size() <= ((Number) k).intValue();
            case "prefixItems" -> {
                boolean all = true;
                for (int i = 0; i < Math.min(prefix.size(), list.size()); i++) {
                    all &= valid(prefix.get(i), list.get(i));
                }
                yield all;
            }
            case "items" -> list.stream().skip(prefix.size()).allMatch(item -> valid(k, item));
            case "contains" -> {
                long count = list.stream().filter(item -> valid(k, item)).count();
                Object most = s.get("maxContains");
                Object least = s.get("minContains");
                yield count >= (least == null ? 1 : ((Number) least).intValue())
                        && (most == null || count <= ((Number) most).intValue());
            }
            default -> true;
        };
    }

    private static boolean object(String keyword, Map<?, ?> s, Map<?, ?> map) {
        Object k = s.get(keyword);
        return switch (keyword) {
            case "required" -> map.keySet().containsAll((List<?>) k);
            case "minProperties" -> map.size() >= ((Number) k).intValue();
            case "maxProperties" -> map.size() <= ((Number) k).intValue();
            case "propertyNames" -> map.keySet().stream().allMatch(name -> valid(k, name));
            case "properties" -> map.keySet().stream().allMatch(name ->
                    !((Map<?, ?>) k).containsKey(name)
                            || valid(((Map<?, ?>) k).get(name), map.get(name)));
            case "patternProperties" -> map.keySet().stream().allMatch(name ->
                    ((Map<?, ?>) k).keySet().stream().allMatch(pattern ->
                            !string("pattern", pattern, (String) name)
                                    || valid(((Map<?, ?>) k).get(pattern), map.get(name))));
            case "additionalProperties" -> map.keySet().stream().allMatch(name ->
                    mentioned(s, (String) name) || valid(k, map.get(name)));
            case "dependentRequired" -> ((Map<?, ?>) k).keySet().stream().allMatch(name ->
                    !map.containsKey(name)
                            || map.keySet().containsAll((List<?>) ((Map<?, ?>) k).get(name)));
            default -> true;
        };
    }

    private static boolean mentioned(Map<?, ?> s, String name) {
        boolean named = s.get("properties") instanceof Map<?, ?> all && all.containsKey(name);
        return named || s.get("patternProperties") instanceof Map<?, ?> patterns
                && patterns.keySet().stream().anyMatch(p -> string("pattern", p, name));
    }
}
