package dev.sluice.bridge.cli;

import dev.sluice.models.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Files with one JSON value a line.
final class JsonLines {
    private JsonLines() { }

    /// Hears each value and its line, from 1.
    interface ValueReader {
        void read(Object value, int line) throws IOException;
    }

    /// Empty lines are skipped; anything that is not JSON is a reason with file and line.
    static void forEach(Path file, ValueReader reader) throws IOException {
        if (Files.isDirectory(file)) {
            throw new CommandFailedException(file + ": a folder, wanted a file");
        }
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            int number = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                number++;
                if (!line.isBlank()) {
                    reader.read(value(file, number, line), number);
                }
            }
        } catch (CharacterCodingException e) {
            throw new CommandFailedException(file + ": not UTF-8 text");
        }
    }

    private static Object value(Path file, int number, String line) {
        try {
            return Json.parse(line);
        } catch (Json.MalformedJsonException e) {
            throw new CommandFailedException(
                    "%s, line %d: %s".formatted(file, number, e.getMessage()));
        }
    }
}
