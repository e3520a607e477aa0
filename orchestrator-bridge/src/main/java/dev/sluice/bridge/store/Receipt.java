package dev.sluice.bridge.store;

import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What was pulled, or is being pulled: kept in `OWNER/NAME/.sluice/LABEL.json`. Immutable.
///
/// @param name     `OWNER/NAME` or `OWNER/NAME:LABEL`
/// @param complete whether every file is there
record Receipt(String name, String revision, String commit, List<HubFile> files,
        boolean complete) {
    static final String FOLDER = ".sluice";

    /// The file of a label's receipt.
    static Path file(Path repository, String label) {
        return repository.resolve(FOLDER).resolve(key(label) + ".json");
    }

    static Path lock(Path repository, String label) {
        return repository.resolve(FOLDER).resolve(key(label) + ".lock");
    }

    private static String key(String label) {
        return label.isEmpty() ? "model" : label.replace('/', '+');
    }

    Receipt completed() { return new Receipt(name, revision, commit, files, true); }

    boolean isOf(List<HubFile> others) { return files.equals(others); }

    void write(Path file) {
        var list = new ArrayList<Object>();
        for (HubFile each : files) {
            list.add(Map.of("path", each.path(), "size", each.size(),
                    "kind", each.checksum().kind().name(), "checksum", each.checksum().hex()));
        }
        var object = new LinkedHashMap<String, Object>();
        object.put("name", name);
        object.put("revision", revision);
        object.put("commit", commit);
        object.put("complete", complete);
        object.put("files", list);
        try {
            DurableFile.write(file, Json.write(object));
        } catch (IOException e) {
            throw PartFile.failure(file, e);
        }
    }

    /// Empty where there is none, or none that can be understood: then the files are checked anew.
    static Optional<Receipt> read(Path file) {
        try {
            return Files.isRegularFile(file) && Json.parse(Files.readAllBytes(file))
                    instanceof Map<?, ?> map ? of(map) : Optional.empty();
        } catch (IOException | Json.MalformedJsonException e) {
            return Optional.empty();
        }
    }

    private static Optional<Receipt> of(Map<?, ?> map) {
        var files = new ArrayList<HubFile>();
        if (map.get("files") instanceof List<?> list) {
            for (Object each : list) {
                // Somebody may have edited it: the names are checked like the network's.
                if (!(each instanceof Map<?, ?> file && file.get("path") instanceof String path
                        && file.get("size") instanceof Long size && SafePath.isFile(path))) {
                    return Optional.empty();
                }
                files.add(new HubFile(path, size, checksum(file)));
            }
        }
        boolean known = map.get("name") instanceof String && !files.isEmpty();
        return known ? Optional.of(new Receipt((String) map.get("name"),
                String.valueOf(map.get("revision")), String.valueOf(map.get("commit")),
                List.copyOf(files), Boolean.TRUE.equals(map.get("complete")))) : Optional.empty();
    }

    private static Checksum checksum(Map<?, ?> file) {
        String hex = String.valueOf(file.get("checksum"));
        return "SHA256".equals(file.get("kind")) ? Checksum.sha256(hex) : Checksum.gitBlob(hex);
    }
}
