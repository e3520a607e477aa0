package dev.sluice.benchmarks.gpu;

import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A file of results, one JSON object a line, appended as soon as it is known: what was measured
/// before a crash is not lost. One thread.
final class ResultLines {
    private final Path file;
    private final Map<String, Object> common;

    /// @param common  what every line begins with
    ResultLines(Path file, Map<String, Object> common) {
        this.file = file;
        this.common = common;
    }

    void append(Map<String, Object> result) throws IOException {
        var line = new LinkedHashMap<String, Object>(common);
        line.putAll(result);
        Files.writeString(file, Json.write(line) + "\n", StandardCharsets.UTF_8,
                StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /// All lines of all files; a line that was cut off, or is none of ours, is left out.
    static List<Map<?, ?>> read(List<Path> files) throws IOException {
        var out = new ArrayList<Map<?, ?>>();
        for (Path file : files) {
            for (String line : Files.readAllLines(file)) {
                try {
                    if (Json.parse(line) instanceof Map<?, ?> map) {
                        out.add(map);
                    }
                } catch (Json.MalformedJsonException _) {
                    System.err.println(file + ": left out: " + line);
                }
            }
        }
        return out;
    }
}
