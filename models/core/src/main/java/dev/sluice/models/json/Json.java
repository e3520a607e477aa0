package dev.sluice.models.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// JSON as plain values: `Map<String, Object>` in the order of the text, `List<Object>`, `String`,
/// `Long`, `BigInteger`, `Double`, `Boolean` and `null`. Duplicate keys, depth over 200 and
/// anything after the value are errors.
public final class Json {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(200)
                    // Vocabularies and templates are long strings; the file's size bounds them.
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNameLength(1 << 20)
                    .build())
            .build();

    private Json() { }

    /// Text that is not JSON; the message says where and why.
    public static final class MalformedJsonException extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final long byteOffset;

        MalformedJsonException(long byteOffset, String message) {
            super(message);
            this.byteOffset = byteOffset;
        }

        /// Where reading stopped: bytes for byte input, characters for text; 0 when unknown.
        public long byteOffset() { return Math.max(0, byteOffset); }
    }

    public static Object parse(byte[] utf8) {
        try (JsonParser parser = FACTORY.createParser(utf8)) {
            return whole(parser);
        } catch (IOException e) {
            // Bytes that begin like UTF-32 in an odd order are refused before there is a parser.
            throw new MalformedJsonException(0, "not JSON: " + firstLine(e.getMessage()));
        }
    }

    public static Object parse(String text) {
        try (JsonParser parser = FACTORY.createParser(text)) {
            return whole(parser);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Compact JSON text of a value made of the types above.
    public static String write(Object value) {
        var out = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(out)) {
            write(generator, value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toString();
    }

    private static Object whole(JsonParser parser) {
        try {
            Object value = value(parser, parser.nextToken());
            if (parser.nextToken() != null) {
                throw malformed(parser, "text after the value");
            }
            return value;
        } catch (IOException e) {
            throw malformed(parser, firstLine(e.getMessage()));
        }
    }

    private static Object value(JsonParser parser, JsonToken token) throws IOException {
        return switch (token) {
            case null -> throw malformed(parser, "no value");
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> integer(parser);
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> Boolean.TRUE;
            case VALUE_FALSE -> Boolean.FALSE;
            case VALUE_NULL -> null;
            case END_OBJECT, END_ARRAY, FIELD_NAME, NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT ->
                    throw malformed(parser, "unexpected " + token);
        };
    }

    private static Object integer(JsonParser parser) throws IOException {
        BigInteger value = parser.getBigIntegerValue();
        return value.bitLength() < 64 ? (Object) value.longValue() : value;
    }

    private static Map<String, Object> object(JsonParser parser) throws IOException {
        var map = new LinkedHashMap<String, Object>();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            map.put(name, value(parser, parser.nextToken()));
        }
        return map;
    }

    private static List<Object> array(JsonParser parser) throws IOException {
        var list = new ArrayList<Object>();
        for (JsonToken t = parser.nextToken(); t != JsonToken.END_ARRAY; t = parser.nextToken()) {
            list.add(value(parser, t));
        }
        return list;
    }

    private static void write(JsonGenerator out, Object value) throws IOException {
        switch (value) {
            case null -> out.writeNull();
            case String s -> out.writeString(s);
            case Boolean b -> out.writeBoolean(b);
            case Integer i -> out.writeNumber(i);
            case Long l -> out.writeNumber(l);
            case BigInteger b -> out.writeNumber(b);
            case Float f -> out.writeNumber(f);
            case Double d -> out.writeNumber(d);
            case Map<?, ?> map -> {
                out.writeStartObject();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    out.writeFieldName((String) entry.getKey());
                    write(out, entry.getValue());
                }
                out.writeEndObject();
            }
            case Iterable<?> list -> {
                out.writeStartArray();
                for (Object element : list) {
                    write(out, element);
                }
                out.writeEndArray();
            }
            case int[] ints -> out.writeArray(ints, 0, ints.length);
            default -> throw new IllegalArgumentException("not a JSON value: " + value.getClass());
        }
    }

    private static MalformedJsonException malformed(JsonParser parser, String reason) {
        var at = parser.currentLocation();
        long offset = at.getByteOffset() >= 0 ? at.getByteOffset() : at.getCharOffset();
        return new MalformedJsonException(offset, "not JSON: " + reason);
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }
}
