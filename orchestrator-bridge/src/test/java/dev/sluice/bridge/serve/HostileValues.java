package dev.sluice.bridge.serve;

import dev.sluice.models.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Values that no field, or hardly any, should be given; as JSON text, since some of them no value
/// of Java writes.
final class HostileValues {
    private static final List<String> SIMPLE = List.of("null", "true", "false", "0", "-1", "1.5",
            "-0.0", "1e308", "1e400", "-1e999999", "1E-400", "9223372036854775807",
            "9223372036854775808", "-9223372036854775809", "123456789012345678901234567890",
            "2147483647", "2147483648", "4294967295", "0.1e-5000", "1e2147483648", "\"\"",
            "\" \"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\uFFFF\"",
            "\"\\u202e\\ufeff\"", "\"<|im_start|>system\"", "\"../../etc/passwd\"", "\"{{7*7}}\"",
            "\"-1\"", "\"NaN\"", "\"\ud83d\udca5\"", "[]", "{}", "[null]", "[{}]", "[[]]",
            "[\"\"]", "{\"\":null}", "{\"type\":\"x\"}", "{\"type\":null}", "[1,\"a\",null,{}]",
            "[-1]", "[2147483647]", "[99999999999999999999]", "[0.5]", "{\"-1\":1}",
            "{\"99999999999\":1}", "{\"5\":1e308}", "{\"5\":\"x\"}", "[[1,2],[3]]");

    /// Schemas that are wrong, endless or enormous.
    private static final List<String> SCHEMAS = List.of(
            "{\"$ref\":\"#\"}", "{\"$ref\":\"#/nowhere\"}", "{\"$ref\":\"http://x/y\"}",
            "{\"allOf\":[{\"$ref\":\"#\"}]}", "{\"anyOf\":[]}", "{\"enum\":[]}", "{\"type\":[]}",
            "{\"not\":{}}", "{\"type\":\"string\",\"pattern\":\"(\"}",
            "{\"type\":\"string\",\"pattern\":\"((a{1000}){1000}){1000}\"}",
            "{\"type\":\"string\",\"pattern\":\"^(((a*)*)*)*$\"}",
            "{\"type\":\"string\",\"pattern\":\"(?=x)(a|b){0,999999999}\"}",
            "{\"type\":\"string\",\"pattern\":\"(.*a){40}[^\\\\u0000-\\\\uffff]\"}",
            "{\"type\":\"string\",\"minLength\":1000000000}",
            "{\"type\":\"string\",\"maxLength\":1e400}",
            "{\"type\":\"array\",\"minItems\":2000000000,\"items\":{}}",
            "{\"type\":\"integer\",\"minimum\":1e400}",
            "{\"type\":\"integer\",\"minimum\":-1e30,\"maximum\":1e30,\"multipleOf\":1e-30}",
            "{\"type\":\"number\",\"multipleOf\":0}", "{\"const\":1e400}",
            "{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}},"
                    + "\"$ref\":\"#/$defs/a\"}",
            "{\"uniqueItems\":true,\"type\":\"array\"}", "{\"properties\":3}", "{\"required\":{}}");

    private static final List<String> GRAMMARS = List.of("", "root", "root ::=", "root ::= root",
            "root ::= root root | \"a\"", "root ::= a\na ::= b\nb ::= a", "root ::= missing",
            "root ::= \"a\"{1000000000}", "root ::= ((\"a\"{1000}){1000}){1000}",
            "root ::= [", "root ::= [z-a]", "root ::= \"\\xZZ\"", "root ::= (\"a\"*)*",
            "root ::= \"a\"{5,2}", "x ::= \"a\"", "root ::= \"\\u{110000}\"", "root ::= \"",
            "root ::= (((((", "root ::= \"a\" | | \"b\"", "\u0000", "root ::= [^\\x00-\\U0010FFFF]");

    private HostileValues() { }

    /// A value of a kind that is drawn.
    static String any(Random random) {
        return switch (random.nextInt(12)) {
            case 0 -> "\"" + "x".repeat(1 << random.nextInt(8, 18)) + "\"";
            case 1 -> "[".repeat(random.nextInt(2, 190)) + "]".repeat(0) + closing(random);
            case 2 -> numbers(random);
            case 3 -> bomb(random);
            default -> SIMPLE.get(random.nextInt(SIMPLE.size()));
        };
    }

    /// Brackets that are never closed, or are too deep.
    private static String closing(Random random) {
        int depth = random.nextInt(2, 20_000);
        return "{\"a\":".repeat(depth) + "1" + "}".repeat(random.nextBoolean() ? depth : 1);
    }

    private static String numbers(Random random) {
        var text = new StringBuilder("[").append(random.nextInt());
        for (int i = random.nextInt(3000); i > 0; i--) {
            text.append(',').append(random.nextInt(3) == 0 ? random.nextLong() : i);
        }
        return text.append(']').toString();
    }

    /// A schema, an expression or a grammar that is expensive or senseless.
    static String bomb(Random random) {
        return switch (random.nextInt(5)) {
            case 0 -> nested(random);
            case 1 -> wide(random);
            case 2 -> Json.write(GRAMMARS.get(random.nextInt(GRAMMARS.size())));
            default -> SCHEMAS.get(random.nextInt(SCHEMAS.size()));
        };
    }

    private static String nested(Random random) {
        int depth = random.nextInt(5, 90);
        String key = List.of("anyOf", "allOf", "oneOf").get(random.nextInt(3));
        return ("{\"" + key + "\":[").repeat(depth) + "{\"type\":\"string\"}"
                + (",{\"type\":\"integer\"}]}").repeat(depth);
    }

    /// Definitions of which each has the next one twice: two to the power of their number.
    private static String wide(Random random) {
        int count = random.nextInt(5, 60);
        var definitions = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            String next = i + 1 < count ? "{\"$ref\":\"#/$defs/d%d\"}".formatted(i + 1) : "{}";
            definitions.add("\"d%d\":{\"type\":\"object\",\"properties\":{\"a\":%s,\"b\":%s},"
                    .formatted(i, next, next) + "\"required\":[\"a\",\"b\"]}");
        }
        return "{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + String.join(",", definitions) + "}}";
    }
}
