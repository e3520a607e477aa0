package dev.sluice.models.file;

import dev.sluice.models.MalformedModelException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;

/// A folder as the Hugging Face libraries write it: `model.safetensors`, or shards listed by
/// `model.safetensors.index.json`, with `config.json` and optional files beside it. Weights are
/// mapped and never read. The configuration is parsed JSON and is not interpreted here. Owns the
/// mappings. Any thread.
public final class SafetensorsFolder implements TensorFile {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private final Path folder;
    private final Arena arena;
    private final Map<String, Object> config;
    private final Map<String, Object> generationConfig;
    private final Map<String, Object> tokenizerConfig;
    private final Map<String, FileTensor> byName;
    private final List<FileTensor> tensors;

    private SafetensorsFolder(Path folder, Arena arena, Map<String, FileTensor> byName) {
        this.folder = folder;
        this.arena = arena;
        this.byName = byName;
        this.tensors = List.copyOf(byName.values());
        this.config = Configs.read(folder.resolve("config.json"));
        this.generationConfig = optionalConfig("generation_config.json");
        this.tokenizerConfig = optionalConfig("tokenizer_config.json");
    }

    /// Whether the folder has weights under the usual names.
    static boolean holdsModel(Path folder) {
        return Files.exists(folder.resolve(SINGLE)) || Files.exists(folder.resolve(INDEX));
    }

    /// Opens and checks all weight files and parses the JSON beside them. The single file wins over
    /// an index, as in transformers.
    public static SafetensorsFolder open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new MalformedModelException(folder,
                    Files.exists(folder) ? "not a folder" : "no such file");
        }
        if (Files.exists(folder.resolve(SINGLE))) {
            return openFile(folder.resolve(SINGLE));
        }
        if (Files.exists(folder.resolve(INDEX))) {
            return opened(folder, SafetensorsFolder::readShards);
        }
        throw new MalformedModelException(folder,
                "a folder without %s or %s".formatted(SINGLE, INDEX));
    }

    /// Opens one weight file, of any name, with the configuration beside it.
    public static SafetensorsFolder openFile(Path file) {
        if (!Files.exists(file)) {
            throw new MalformedModelException(file, "no such file");
        }
        Path folder = file.toAbsolutePath().getParent();
        return opened(folder, (_, arena) -> {
            var byName = new LinkedHashMap<String, FileTensor>();
            addFile(file, arena, byName);
            return byName;
        });
    }

    /// `config.json`: what the model is. Unmodifiable; the value types are those of
    /// [dev.sluice.models.json.Json].
    public Map<String, Object> config() { return config; }

    /// `generation_config.json`, empty without that file.
    public Map<String, Object> generationConfig() { return generationConfig; }

    /// `tokenizer_config.json`, empty without that file.
    public Map<String, Object> tokenizerConfig() { return tokenizerConfig; }

    /// `tokenizer_config.json` of any folder, empty without that file.
    public static Map<String, Object> tokenizerConfig(Path folder) {
        Path file = folder.resolve("tokenizer_config.json");
        return Files.exists(file) ? Configs.read(file) : Map.of();
    }

    /// The path of `tokenizer.json`, when the folder has one.
    public Optional<Path> tokenizerJson() { return existing("tokenizer.json"); }

    /// The path of `chat_template.jinja`, when the folder has one.
    public Optional<Path> chatTemplate() { return existing("chat_template.jinja"); }

    @Override
    public Path path() { return folder; }

    @Override
    public List<FileTensor> tensors() { return tensors; }

    @Override
    public boolean has(String name) { return byName.containsKey(name); }

    @Override
    public FileTensor tensor(String name) {
        return Optional.ofNullable(byName.get(name)).orElseThrow(() ->
                new MalformedModelException(folder, "no tensor " + Quoted.text(name)));
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }

    /// Maps a folder's weight files in an arena and names their tensors.
    private interface WeightReader {
        Map<String, FileTensor> read(Path folder, Arena arena);
    }

    private static SafetensorsFolder opened(Path folder, WeightReader reader) {
        if (!Files.exists(folder.resolve("config.json"))) {
            throw new MalformedModelException(folder,
                    "no config.json beside the weights: it says what the model is");
        }
        Arena arena = Arena.ofShared();
        boolean opened = false;
        try {
            var model = new SafetensorsFolder(folder, arena, reader.read(folder, arena));
            opened = true;
            return model;
        } finally {
            if (!opened) {
                arena.close();
            }
        }
    }

    private static Map<String, FileTensor> readShards(Path folder, Arena arena) {
        Path index = folder.resolve(INDEX);
        Map<String, String> fileOf = weightMap(index);
        var byName = new LinkedHashMap<String, FileTensor>();
        SequencedSet<String> shards = new LinkedHashSet<>(fileOf.values());
        for (String shard : shards) {
            addFile(folder.resolve(shard), arena, byName);
        }
        fileOf.forEach((name, shard) -> {
            FileTensor tensor = byName.get(name);
            if (tensor == null || !tensor.file().getFileName().toString().equals(shard)) {
                throw new MalformedModelException(index, "weight_map: %s has no tensor %s"
                        .formatted(Quoted.text(shard), Quoted.text(name)));
            }
        });
        return byName;
    }

    private static Map<String, String> weightMap(Path index) {
        if (!(Configs.read(index).get("weight_map") instanceof Map<?, ?> map)) {
            throw new MalformedModelException(index, "no object weight_map");
        }
        var fileOf = new LinkedHashMap<String, String>();
        map.forEach((name, file) -> {
            if (!(file instanceof String text) || !plainName(text)) {
                throw new MalformedModelException(index,
                        "weight_map: %s is to be in %s, which is not a plain .safetensors file name"
                                .formatted(Quoted.text(String.valueOf(name)),
                                        Quoted.text(String.valueOf(file))));
            }
            fileOf.put(String.valueOf(name), text);
        });
        return fileOf;
    }

    /// A name in this folder on any system: no separator, drive, parent folder or control
    /// character. Letters beyond ASCII are left out: a system may be unable to encode them.
    private static boolean plainName(String name) {
        return name.matches("[A-Za-z0-9_][A-Za-z0-9_. +=-]{0,200}\\.safetensors");
    }

    private static void addFile(Path path, Arena arena, Map<String, FileTensor> byName) {
        if (!Files.exists(path)) {
            throw new MalformedModelException(path, "no such file: named by " + INDEX);
        }
        List<FileTensor> tensors = new ArrayList<>();
        try (MappedFile file = MappedFile.open(path, arena)) {
            tensors.addAll(SafetensorsHeader.read(file));
        }
        for (FileTensor tensor : tensors) {
            FileTensor other = byName.putIfAbsent(tensor.name(), tensor);
            if (other != null) {
                throw new MalformedModelException(path, tensor.byteOffset(),
                        "tensor %s is also in %s".formatted(
                                Quoted.text(tensor.name()), other.file().getFileName()));
            }
        }
    }

    private Map<String, Object> optionalConfig(String name) {
        return existing(name).map(Configs::read).orElse(Map.of());
    }

    private Optional<Path> existing(String name) {
        return Optional.of(folder.resolve(name)).filter(Files::exists);
    }
}
