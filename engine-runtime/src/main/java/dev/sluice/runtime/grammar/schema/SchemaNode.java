package dev.sluice.runtime.grammar.schema;

import dev.sluice.runtime.grammar.GrammarRejected;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One schema of a document: `true`, `false` or an object, with where it stands. There is one node
/// per place, so nodes are equal by identity. Immutable.
final class SchemaNode implements Term {
    private final SchemaDocument document;
    private final Object value;
    private final String path;
    private final String base;

    SchemaNode(SchemaDocument document, Object value, String path, String base) {
        this.document = document;
        this.value = value;
        this.path = path;
        this.base = base;
        if (!(value instanceof Boolean) && !(value instanceof Map)) {
            throw new GrammarRejected("schema", path, "must be an object or a boolean");
        }
    }

    /// A JSON pointer into the document.
    String path() { return path; }

    /// The address that references are relative to.
    String base() { return base; }

    boolean isFalse() { return Boolean.FALSE.equals(value); }

    boolean isTrue() { return Boolean.TRUE.equals(value) || members().isEmpty() && !isFalse(); }

    Map<String, Object> members() {
        return value instanceof Map<?, ?> map ? SchemaDocument.object(map) : Map.of();
    }

    boolean has(String keyword) { return members().containsKey(keyword); }

    /// The schema that is the value of a keyword.
    SchemaNode child(String keyword) {
        return document.node(path + "/" + escaped(keyword));
    }

    /// The schema of that name under a keyword that takes an object of them.
    SchemaNode child(String keyword, String name) {
        return document.node(path + "/" + escaped(keyword) + "/" + escaped(name));
    }

    /// The schemas of a keyword that takes a list of them.
    List<SchemaNode> children(String keyword) {
        List<?> list = list(keyword);
        if (list.isEmpty()) {
            throw rejected(keyword, "must be a list of schemas that is not empty");
        }
        var nodes = new java.util.ArrayList<SchemaNode>();
        for (int i = 0; i < list.size(); i++) {
            nodes.add(document.node(path + "/" + keyword + "/" + i));
        }
        return nodes;
    }

    /// The schemas of a keyword that takes an object of them; none when it is absent.
    Map<String, SchemaNode> namedChildren(String keyword) {
        var nodes = new LinkedHashMap<String, SchemaNode>();
        for (String name : object(keyword).keySet()) {
            nodes.put(name, child(keyword, name));
        }
        return nodes;
    }

    SchemaNode target() {
        return document.resolve(string("$ref"), this);
    }

    List<?> list(String keyword) {
        if (members().get(keyword) instanceof List<?> list) {
            return list;
        }
        throw rejected(keyword, "must be an array");
    }

    Map<String, Object> object(String keyword) {
        Object member = has(keyword) ? members().get(keyword) : Map.of();
        if (member instanceof Map<?, ?> map) {
            return SchemaDocument.object(map);
        }
        throw rejected(keyword, "must be an object");
    }

    String string(String keyword) {
        if (members().get(keyword) instanceof String string) {
            return string;
        }
        throw rejected(keyword, "must be a string");
    }

    List<String> strings(String keyword) {
        return stringsOf(keyword, list(keyword));
    }

    List<String> stringsOf(String keyword, List<?> list) {
        var strings = new java.util.ArrayList<String>();
        for (Object item : list) {
            if (!(item instanceof String string)) {
                throw rejected(keyword, "must be an array of strings");
            }
            strings.add(string);
        }
        return strings;
    }

    BigDecimal number(String keyword) {
        if (members().get(keyword) instanceof Number number) {
            return JsonValues.decimal(number);
        }
        throw rejected(keyword, "must be a number");
    }

    /// A count; one that is beyond an int is as good as no limit.
    int count(String keyword) {
        BigDecimal number = number(keyword);
        if (number.signum() < 0 || number.stripTrailingZeros().scale() > 0) {
            throw rejected(keyword, "must be an integer that is not negative");
        }
        BigInteger count = number.toBigInteger();
        return count.bitLength() < 31 ? count.intValue() : Integer.MAX_VALUE;
    }

    GrammarRejected rejected(String keyword, String reason) {
        return new GrammarRejected(keyword, path + "/" + escaped(keyword), reason);
    }

    static String escaped(String token) {
        return token.replace("~", "~0").replace("/", "~1");
    }

    @Override
    public String toString() { return "#" + path; }
}
