package dev.sluice.models;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.GZIPInputStream;

/// Test data that the repository carries compressed.
public final class Gunzipped {
    private Gunzipped() { }

    /// `path` itself, or, where only `path.gz` exists, a temporary file of its contents that goes
    /// with the JVM.
    public static Path file(Path path) throws IOException {
        Path compressed = path.resolveSibling(path.getFileName() + ".gz");
        if (Files.exists(path) || !Files.exists(compressed)) {
            return path;
        }
        Path plain = Files.createTempFile("sluice", "-" + path.getFileName());
        plain.toFile().deleteOnExit();
        try (InputStream in = new GZIPInputStream(Files.newInputStream(compressed))) {
            Files.copy(in, plain, StandardCopyOption.REPLACE_EXISTING);
        }
        return plain;
    }
}
