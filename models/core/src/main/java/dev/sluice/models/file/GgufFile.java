package dev.sluice.models.file;

import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A GGUF model, in one file or split into parts (`NAME-00001-of-00003.gguf`, opened by the first).
/// The parts share the first one's metadata; each has its own data section. Weights are mapped and
/// never read. Owns the mappings. Any thread.
public final class GgufFile implements TensorFile {
    private final Path path;
    private final Arena arena;
    private final GgufHeader first;
    private final List<FileTensor> tensors;
    private final Map<String, FileTensor> byName;
    private final int parts;

    private GgufFile(
            Path path, Arena arena, List<GgufHeader> headers, Map<String, FileTensor> byName) {
        this.path = path;
        this.arena = arena;
        this.first = headers.getFirst();
        this.parts = headers.size();
        this.byName = byName;
        this.tensors = List.copyOf(byName.values());
    }

    /// Opens and checks the file and, when it is split, all its parts. What is not a sound GGUF
    /// file is a [MalformedModelException]; a sound one that is no model (an adapter, an importance
    /// matrix, a vision projector) is an [UnsupportedModelException]. A file without tensors is
    /// sound: a vocabulary.
    public static GgufFile open(Path path) {
        if (!Files.exists(path)) {
            throw new MalformedModelException(path, "no such file");
        }
        Arena arena = Arena.ofShared();
        boolean opened = false;
        try {
            List<GgufHeader> headers = readParts(path, arena);
            GgufFile file = new GgufFile(path, arena, headers, union(path, headers));
            opened = true;
            return file;
        } finally {
            if (!opened) {
                arena.close();
            }
        }
    }

    public GgufMetadata metadata() { return first.metadata(); }

    /// The container's version, 2 or 3.
    public int version() { return first.version(); }

    /// How many files the model is made of.
    public int parts() { return parts; }

    @Override
    public Path path() { return path; }

    @Override
    public List<FileTensor> tensors() { return tensors; }

    @Override
    public boolean has(String name) { return byName.containsKey(name); }

    @Override
    public FileTensor tensor(String name) {
        return Optional.ofNullable(byName.get(name)).orElseThrow(() ->
                new MalformedModelException(path, "no tensor " + Quoted.text(name)));
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    private static List<GgufHeader> readParts(Path path, Arena arena) {
        var headers = new ArrayList<GgufHeader>();
        headers.add(readPart(path, arena));
        GgufMetadata metadata = headers.getFirst().metadata();
        requireModel(path, metadata);
        int parts = metadata.integer("split.count", 1);
        if (parts <= 1) {
            return headers;
        }
        int part = metadata.integer("split.no");
        SplitName name = SplitName.of(path).orElseThrow(() -> new MalformedModelException(path,
                "part %d of %d of a split model, but not named NAME-%05d-of-%05d.gguf".formatted(
                        part + 1, parts, part + 1, parts)));
        if (name.parts() != parts) {
            throw new MalformedModelException(path, "named as one of %d parts, but holds one of %d"
                    .formatted(name.parts(), parts));
        }
        if (part != 0 || name.part() != 1) {
            throw new MalformedModelException(path, "part %d of a split model; open the first: %s"
                    .formatted(name.part(), name.file(1).getFileName()));
        }
        for (int next = 1; next < parts; next++) {
            headers.add(readFurtherPart(name.file(next + 1), arena, next, parts));
        }
        return headers;
    }

    private static GgufHeader readFurtherPart(Path path, Arena arena, int index, int parts) {
        if (!Files.exists(path)) {
            throw new MalformedModelException(path,
                    "no such file: part %d of %d is missing".formatted(index + 1, parts));
        }
        GgufHeader header = readPart(path, arena);
        int stored = header.metadata().integer("split.no");
        if (stored != index) {
            throw new MalformedModelException(path,
                    "split.no: expected %d, got %d".formatted(index, stored));
        }
        return header;
    }

    private static GgufHeader readPart(Path path, Arena arena) {
        try (MappedFile file = MappedFile.open(path, arena)) {
            return GgufHeader.read(file);
        }
    }

    private static void requireModel(Path path, GgufMetadata metadata) {
        String type = metadata.string("general.type", "model");
        String what = switch (type) {
            case "adapter" -> "a LoRA adapter";
            case "imatrix" -> "an importance matrix";
            case "mmproj" -> "a projector for images or sound";
            default -> "";
        };
        if (!what.isEmpty()) {
            throw new UnsupportedModelException(
                    "%s: %s (general.type = %s), not a model".formatted(path, what, type));
        }
    }

    private static Map<String, FileTensor> union(Path path, List<GgufHeader> headers) {
        var byName = new LinkedHashMap<String, FileTensor>();
        for (GgufHeader header : headers) {
            for (FileTensor tensor : header.tensors()) {
                FileTensor other = byName.putIfAbsent(tensor.name(), tensor);
                if (other != null) {
                    throw new MalformedModelException(tensor.file(), tensor.byteOffset(),
                            "tensor %s is also in %s".formatted(
                                    Quoted.text(tensor.name()), other.file().getFileName()));
                }
            }
        }
        GgufMetadata metadata = headers.getFirst().metadata();
        int expected = metadata.integer("split.tensors.count", byName.size());
        if (headers.size() > 1 && expected != byName.size()) {
            throw new MalformedModelException(path,
                    "split.tensors.count: expected %d, the %d parts have %d".formatted(
                            expected, headers.size(), byName.size()));
        }
        return byName;
    }
}
