package dev.sluice.runtime;

import dev.sluice.models.json.Json;
import dev.sluice.models.json.Json.MalformedJsonException;
import dev.sluice.runtime.RequestRejected.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A conversation in a folder: `messages.json`, and `pages.kv` with the keys and values. The pages
/// go first, so a folder with messages is complete. Any thread.
final class SessionFiles {
    private static final String MESSAGES = "messages.json";
    private static final String PAGES = "pages.kv";

    private SessionFiles() {}

    static void write(Engine engine, Branch branch, List<Map<String, Object>> messages,
            Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.deleteIfExists(folder.resolve(MESSAGES));
        engine.save(branch, folder.resolve(PAGES));
        Files.writeString(folder.resolve(MESSAGES), Json.write(messages));
    }

    static Session read(Sluice sluice, Path folder) throws IOException {
        List<Map<String, Object>> messages = messages(folder.resolve(MESSAGES));
        Branch branch = sluice.engine().restore(folder.resolve(PAGES));
        return new Session(sluice, branch, messages);
    }

    private static List<Map<String, Object>> messages(Path file) throws IOException {
        var messages = new ArrayList<Map<String, Object>>();
        try {
            if (!(Json.parse(Files.readAllBytes(file)) instanceof List<?> entries)) {
                throw refused(file, "not a list");
            }
            for (Object entry : entries) {
                if (!(entry instanceof Map<?, ?> map && map.get("role") instanceof String role
                        && map.get("content") instanceof String content)) {
                    throw refused(file, "not a list of messages");
                }
                var message = new LinkedHashMap<String, Object>();
                message.put("role", role);
                message.put("content", content);
                messages.add(message);
            }
        } catch (MalformedJsonException e) {
            throw refused(file, e.getMessage());
        }
        return messages;
    }

    private static RequestRejected refused(Path file, String reason) {
        return new RequestRejected(Reason.INVALID_REQUEST, file + ": " + reason);
    }
}
