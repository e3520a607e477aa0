package dev.sluice.models.onnx;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.TensorType;
import dev.sluice.models.onnx.GraphFile.Node;
import dev.sluice.models.onnx.GraphFile.Value;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// One pass over a `ModelProto`; field numbers are those of onnx.proto.
final class GraphParser {
    private static final int RANK_MAX = 16;

    private final Path path;
    private final Arena arena;
    private final MemorySegment memory;
    private final List<Value> inputs = new ArrayList<>();
    private final List<Value> outputs = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private final List<FileTensor> weights = new ArrayList<>();
    private final Set<String> initialised = new HashSet<>();
    private final Map<String, MemorySegment> external = new HashMap<>();
    private boolean hasGraph;

    GraphParser(Path path, Arena arena) {
        this.path = path;
        this.arena = arena;
        memory = map(path, arena);
    }

    GraphFile read() {
        var model = new ProtoReader(path, memory);
        while (model.next()) {
            if (model.field() == 7 && model.isBytes()) {
                hasGraph = true;
                graph(model.message());
            } else {
                model.skip();
            }
        }
        if (!hasGraph || outputs.isEmpty()) {
            throw new MalformedModelException(path, "not an ONNX model: no graph in it");
        }
        // Files of the first IR versions list their weights among the inputs.
        inputs.removeIf(input -> initialised.contains(input.name()));
        return new GraphFile(path, List.copyOf(inputs), List.copyOf(outputs),
                List.copyOf(nodes), List.copyOf(weights));
    }

    private void graph(ProtoReader in) {
        while (in.next()) {
            switch (in.field()) {
                case 1 -> node(in.message());
                case 5 -> tensor(in.message());
                case 11 -> inputs.add(value(in.message()));
                case 12 -> outputs.add(value(in.message()));
                default -> in.skip();
            }
        }
    }

    private void node(ProtoReader in) {
        var from = new ArrayList<String>();
        var to = new ArrayList<String>();
        String operator = "";
        while (in.next()) {
            switch (in.field()) {
                case 1 -> from.add(in.text());
                case 2 -> to.add(in.text());
                case 4 -> operator = in.text();
                default -> in.skip();
            }
        }
        nodes.add(new Node(operator, List.copyOf(from), List.copyOf(to)));
    }

    private Value value(ProtoReader in) {
        String name = "";
        OnnxType type = OnnxType.FLOAT;
        var dims = new ArrayList<Long>();
        while (in.next()) {
            if (in.field() == 1) {
                name = in.text();
            } else if (in.field() == 2) {
                type = type(in.message(), dims);
            } else {
                in.skip();
            }
        }
        return new Value(name, type, dims.stream().mapToLong(Long::longValue).toArray());
    }

    /// TypeProto: only tensors have a type that a decoder's input can have.
    private OnnxType type(ProtoReader in, List<Long> dims) {
        OnnxType type = OnnxType.STRING;
        while (in.next()) {
            if (in.field() != 1) {
                in.skip();
                continue;
            }
            ProtoReader tensor = in.message();
            while (tensor.next()) {
                if (tensor.field() == 1) {
                    type = elementType(tensor, tensor.integer());
                } else if (tensor.field() == 2) {
                    shape(tensor.message(), dims);
                } else {
                    tensor.skip();
                }
            }
        }
        return type;
    }

    private void shape(ProtoReader in, List<Long> dims) {
        while (in.next()) {
            if (in.field() != 1) {
                in.skip();
                continue;
            }
            long dim = -1;
            ProtoReader d = in.message();
            while (d.next()) {
                if (d.field() == 1) {
                    dim = d.integer();
                } else {
                    d.skip();
                }
            }
            dims.add(dim);
            if (dims.size() > RANK_MAX) {
                throw in.malformed("more than %d dimensions".formatted(RANK_MAX));
            }
        }
    }

    private static OnnxType elementType(ProtoReader in, long id) {
        return OnnxType.of((int) id).orElseThrow(
                () -> in.malformed("unknown element type " + id));
    }

    // ---- weights ------------------------------------------------------------------------

    private void tensor(ProtoReader in) {
        String name = "";
        OnnxType type = OnnxType.FLOAT;
        var dims = new ArrayList<Long>();
        var entries = new HashMap<String, String>();
        var raw = new ProtoReader.Span(0, -1);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> dims(in, dims);
                case 2 -> type = elementType(in, in.integer());
                case 8 -> name = in.text();
                case 9 -> raw = in.span();
                case 13 -> entry(in.message(), entries);
                default -> in.skip();
            }
        }
        initialised.add(name);
        if (type == OnnxType.STRING || raw.bytes() < 0 && entries.isEmpty()) {
            return;
        }
        long bytes = type.bytes(elements(in, name, dims));
        if (entries.isEmpty()) {
            requireSize(in, name, bytes, raw.bytes());
            weights.add(weight(name, type, dims, path, memory, raw.offset()));
        } else {
            outside(name, type, dims, entries, bytes);
        }
    }

    private static void requireSize(ProtoReader in, String name, long wanted, long got) {
        if (wanted != got) {
            throw in.malformed("tensor %s of %d bytes holds %d".formatted(name, wanted, got));
        }
    }

    private static void dims(ProtoReader in, List<Long> dims) {
        if (!in.isBytes()) {
            dims.add(in.integer());
            return;
        }
        ProtoReader packed = in.message();
        while (packed.more()) {
            dims.add(packed.packed());
        }
    }

    private static void entry(ProtoReader in, Map<String, String> entries) {
        String key = "";
        String value = "";
        while (in.next()) {
            if (in.field() == 1) {
                key = in.text();
            } else if (in.field() == 2) {
                value = in.text();
            } else {
                in.skip();
            }
        }
        entries.put(key, value);
    }

    private static long elements(ProtoReader in, String name, List<Long> dims) {
        long product = 1;
        for (long dim : dims) {
            if (dim < 0 || dim > 0 && product > Long.MAX_VALUE / 8 / dim) {
                throw in.malformed("tensor %s has the shape %s".formatted(name, dims));
            }
            product *= dim;
        }
        return product;
    }

    /// A tensor in a file beside the model, which must not be anywhere else.
    private void outside(String name, OnnxType type, List<Long> dims,
            Map<String, String> entries, long bytes) {
        String location = entries.getOrDefault("location", "");
        Path folder = path.toAbsolutePath().getParent().normalize();
        if (!location.matches("[A-Za-z0-9_][A-Za-z0-9_./ +=-]{0,200}")
                || !folder.resolve(location).normalize().startsWith(folder)) {
            throw new MalformedModelException(path,
                    "tensor %s is to be in '%s', which is not beside the model"
                            .formatted(name, location.replaceAll("\\p{Cntrl}", "?")));
        }
        Path file = folder.resolve(location);
        if (!Files.isRegularFile(file)) {
            throw new MalformedModelException(path,
                    "weights are in '%s', and that file is missing".formatted(location));
        }
        MemorySegment mapped = external.computeIfAbsent(location, _ -> map(file, arena));
        long offset = number(name, entries.getOrDefault("offset", "0"));
        long length = number(name, entries.getOrDefault("length", Long.toString(bytes)));
        if (length != bytes || offset > mapped.byteSize() - length) {
            throw new MalformedModelException(file, offset,
                    "tensor %s of %d bytes is to be %d bytes here, the file has %d".formatted(
                            name, bytes, length, mapped.byteSize()));
        }
        weights.add(weight(name, type, dims, file, mapped, offset));
    }

    private long number(String name, String digits) {
        if (!digits.matches("\\d{1,18}")) {
            throw new MalformedModelException(path,
                    "tensor %s begins at '%s'".formatted(name, digits));
        }
        return Long.parseLong(digits);
    }

    /// Dimensions from the innermost, as [FileTensor] has them; four-bit codes as their bytes.
    private static FileTensor weight(String name, OnnxType type, List<Long> dims, Path file,
            MemorySegment memory, long offset) {
        boolean packed = type == OnnxType.INT4 || type == OnnxType.UINT4;
        long[] reversed = packed
                ? new long[] {type.bytes(dims.stream().reduce(1L, (a, b) -> a * b))}
                : dims.reversed().stream().mapToLong(Long::longValue).toArray();
        return new FileTensor(name, stored(type), reversed, file, memory, offset);
    }

    private static TensorType stored(OnnxType type) {
        return switch (type) {
            case FLOAT -> TensorType.F32;
            case FLOAT16 -> TensorType.F16;
            case BFLOAT16 -> TensorType.BF16;
            case DOUBLE -> TensorType.F64;
            case INT8 -> TensorType.I8;
            case INT16 -> TensorType.I16;
            case INT32 -> TensorType.I32;
            case INT64 -> TensorType.I64;
            case UINT16 -> TensorType.U16;
            case UINT32 -> TensorType.U32;
            case UINT64 -> TensorType.U64;
            case BOOL -> TensorType.BOOL;
            case FLOAT8E4M3FN -> TensorType.F8_E4M3;
            case FLOAT8E5M2 -> TensorType.F8_E5M2;
            case UINT8, UINT4, INT4, STRING -> TensorType.U8;
        };
    }

    /// Maps the whole of a file.
    private static MemorySegment map(Path path, Arena arena) {
        if (!Files.isRegularFile(path)) {
            throw new MalformedModelException(path, "no such file");
        }
        try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw new MalformedModelException(path, "can not be read: " + e.getMessage());
        }
    }
}
