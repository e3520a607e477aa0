package dev.sluice.models.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Consumer;

/// An ONNX graph under construction, written as a `ModelProto` (onnx.proto, IR version 10). Values
/// are named by strings, as in the format; a node gives its outputs names of its own. Weights of
/// any size lie in a [WeightFile] beside the model, and small constants inside it. One thread.
final class OnnxGraph {
    /// IR version 10 goes with opset 21, which ONNX Runtime has read since 1.18.
    private static final int IR_VERSION = 10;
    private static final int OPSET = 21;
    private static final String CONTRIB = "com.microsoft";

    private final ProtoWriter graph = new ProtoWriter();
    private final ProtoWriter interfaces = new ProtoWriter();
    private int names;

    /// A named attribute of a node.
    sealed interface Attribute {
        String name();

        record Whole(String name, long value) implements Attribute { }

        record Real(String name, float value) implements Attribute { }

        record Text(String name, String value) implements Attribute { }
    }

    static Attribute attribute(String name, long value) {
        return new Attribute.Whole(name, value);
    }

    static Attribute attribute(String name, float value) {
        return new Attribute.Real(name, value);
    }

    static Attribute attribute(String name, String value) {
        return new Attribute.Text(name, value);
    }

    // ---- inputs and outputs -------------------------------------------------------------

    /// @param dims  numbers, or names of sizes that are known only when the graph runs
    String input(String name, OnnxType type, Object... dims) {
        interfaces.message(11, m -> value(m, name, type, dims));
        return name;
    }

    void output(String name, OnnxType type, Object... dims) {
        interfaces.message(12, m -> value(m, name, type, dims));
    }

    private static void value(ProtoWriter m, String name, OnnxType type, Object... dims) {
        m.text(1, name).message(2, t -> t.message(1, tensor -> tensor.integer(1, type.id())
                .message(2, shape -> {
                    for (Object dim : dims) {
                        shape.message(1, d -> dimension(d, dim));
                    }
                })));
    }

    private static void dimension(ProtoWriter d, Object dim) {
        if (dim instanceof Number n) {
            d.integer(1, n.longValue());
        } else {
            d.text(2, (String) dim);
        }
    }

    // ---- constants ----------------------------------------------------------------------

    /// A tensor whose bytes lie in the weight file.
    String weight(String name, OnnxType type, WeightFile.Place place, long... dims) {
        graph.message(5, t -> {
            tensor(t, name, type, dims);
            entry(t, "location", place.file());
            entry(t, "offset", Long.toString(place.offset()));
            entry(t, "length", Long.toString(place.bytes()));
            t.integer(14, 1);
        });
        return name;
    }

    String integers(String name, long... values) {
        ByteBuffer bytes = littleEndian(8 * values.length);
        bytes.asLongBuffer().put(values);
        return constant(name, OnnxType.INT64, bytes, values.length);
    }

    String scalar(String name, long value) {
        ByteBuffer bytes = littleEndian(8);
        bytes.putLong(0, value);
        return constant(name, OnnxType.INT64, bytes);
    }

    String scalar(String name, float value) {
        ByteBuffer bytes = littleEndian(4);
        bytes.putFloat(0, value);
        return constant(name, OnnxType.FLOAT, bytes);
    }

    private String constant(String name, OnnxType type, ByteBuffer bytes, long... dims) {
        graph.message(5, t -> {
            tensor(t, name, type, dims);
            t.bytes(9, bytes.array());
        });
        return name;
    }

    private static void tensor(ProtoWriter t, String name, OnnxType type, long... dims) {
        for (long dim : dims) {
            t.integer(1, dim);
        }
        t.integer(2, type.id()).text(8, name);
    }

    private static void entry(ProtoWriter t, String key, String value) {
        t.message(13, e -> e.text(1, key).text(2, value));
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    // ---- nodes --------------------------------------------------------------------------

    /// The output of a node of ONNX's own operators. An empty input name is one left out.
    String node(String operator, List<String> inputs, Attribute... attributes) {
        String out = operator + "_" + names++;
        write(operator, "", inputs, List.of(out), attributes);
        return out;
    }

    /// Output `index` of a node that has several, the others unused.
    List<String> nodes(String operator, int outputs, List<String> inputs,
            Attribute... attributes) {
        int number = names++;
        List<String> out = java.util.stream.IntStream.range(0, outputs)
                .mapToObj(i -> operator + "_" + number + "_" + i).toList();
        write(operator, "", inputs, out, attributes);
        return out;
    }

    /// The output of a node of ONNX Runtime's operators.
    String contrib(String operator, List<String> inputs, Attribute... attributes) {
        String out = operator + "_" + names++;
        write(operator, CONTRIB, inputs, List.of(out), attributes);
        return out;
    }

    /// The same with outputs that have names of their own.
    void contrib(String operator, List<String> inputs, List<String> outputs,
            Attribute... attributes) {
        write(operator, CONTRIB, inputs, outputs, attributes);
        names++;
    }

    /// Gives a value another name: an output of the graph.
    void rename(String value, String name) {
        write("Identity", "", List.of(value), List.of(name));
    }

    private void write(String operator, String domain, List<String> inputs, List<String> outputs,
            Attribute... attributes) {
        int number = names;
        graph.message(1, n -> {
            inputs.forEach(input -> n.text(1, input));
            outputs.forEach(output -> n.text(2, output));
            n.text(3, operator + "_" + number + "_node").text(4, operator);
            for (Attribute attribute : attributes) {
                n.message(5, attributeOf(attribute));
            }
            if (!domain.isEmpty()) {
                n.text(7, domain);
            }
        });
    }

    private static Consumer<ProtoWriter> attributeOf(Attribute attribute) {
        return a -> {
            a.text(1, attribute.name());
            switch (attribute) {
                case Attribute.Real(_, float value) -> a.real(2, value).integer(20, 1);
                case Attribute.Whole(_, long value) -> a.integer(3, value).integer(20, 2);
                case Attribute.Text(_, String value) -> a.text(4, value).integer(20, 3);
            }
        };
    }

    /// The whole model.
    byte[] toBytes(String name) {
        graph.text(2, name);
        byte[] body = graph.toBytes();
        byte[] ends = interfaces.toBytes();
        byte[] all = java.util.Arrays.copyOf(body, body.length + ends.length);
        System.arraycopy(ends, 0, all, body.length, ends.length);
        return new ProtoWriter().integer(1, IR_VERSION).text(2, "sluice")
                .bytes(7, all)
                .message(8, o -> o.text(1, "").integer(2, OPSET))
                .message(8, o -> o.text(1, CONTRIB).integer(2, 1))
                .toBytes();
    }
}
