package dev.sluice.bridge.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Files that a user hands in as text.
final class TextFiles {
    private TextFiles() { }

    /// The whole file, or a reason that names it.
    static String read(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new CommandFailedException(file + ": a folder, wanted a text file");
        }
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new CommandFailedException(file + ": not UTF-8 text");
        }
    }
}
