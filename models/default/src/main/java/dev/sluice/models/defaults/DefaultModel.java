package dev.sluice.models.defaults;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// A model that ships with Sluice. It lies in this artifact as a resource; a GGUF file is mapped,
/// so it is written to a folder once, and used from there afterwards. Immutable, any thread; two
/// processes may extract at the same time.
public enum DefaultModel {
    /// Dense (Qwen3): arithmetic, sorting, words and lists, units, dates, JSON from a sentence.
    WORKER("sluice-worker"),

    /// Mixture of experts (GLM-4-MoE): reads a request and a list of tools, answers with calls.
    ORCHESTRATOR("sluice-orchestrator");

    private final String modelName;

    DefaultModel(String modelName) {
        this.modelName = modelName;
    }

    /// The name under which it is served.
    public String modelName() { return modelName; }

    /// SHA-256 of the file, in lower-case hexadecimal digits, as the resource beside it says.
    public String sha256() {
        try (InputStream in = resource(".sha256")) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            throw new UncheckedIOException("reading the checksum of " + modelName, e);
        }
    }

    /// Where [#extractTo] puts the file: its name carries the checksum's first digits, so another
    /// version of the model is another file.
    public Path fileIn(Path folder) {
        return folder.resolve(modelName + "-" + sha256().substring(0, 12) + ".gguf");
    }

    /// The file in `folder`, written there first when it is missing, torn or altered.
    ///
    /// It is written under another name, checked, and then renamed, so that a process that dies
    /// half-way leaves nothing under the model's name. What is there already is checked too: a
    /// disk that ran full, or a hand that edited, is not the model. That reads a few megabytes.
    public Path extractTo(Path folder) {
        Path file = fileIn(folder);
        String expected = sha256();
        try {
            if (Files.isRegularFile(file) && expected.equals(digest(file))) {
                return file;
            }
            Files.createDirectories(folder);
            Path part = Files.createTempFile(folder, modelName, ".part");
            try {
                write(part);
                String got = digest(part);
                if (!expected.equals(got)) {
                    throw new IOException("%s: expected SHA-256 %s, wrote %s".formatted(
                            part, expected, got));
                }
                publish(part, file);
            } finally {
                Files.deleteIfExists(part);
            }
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException("extracting %s to %s: %s".formatted(
                    modelName, folder, e.getMessage()), e);
        }
    }

    private void write(Path part) throws IOException {
        try (InputStream in = resource(".gguf")) {
            Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
        }
        try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    private static void publish(Path part, Path file) throws IOException {
        try {
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private InputStream resource(String suffix) throws IOException {
        InputStream in = DefaultModel.class.getResourceAsStream(modelName + suffix);
        if (in == null) {
            throw new IOException("this build has no resource " + modelName + suffix);
        }
        return in;
    }

    private static String digest(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
