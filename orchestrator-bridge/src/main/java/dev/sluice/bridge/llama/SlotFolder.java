package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.ApiException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// The folder that slots are saved to. A file is written beside its name and then renamed, so that
/// a file under its name is whole; what a killed process left half written is removed when the
/// folder is opened. Immutable, any thread.
public final class SlotFolder {
    /// Slots can not be saved.
    public static final SlotFolder NONE = new SlotFolder(Optional.empty(), List.of());

    /// A name without a folder in it, that hides from nobody and is no device anywhere.
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._ -]{0,199}");
    private static final String UNFINISHED = ".tmp";
    /// How files of sessions begin.
    private static final byte[] BEGINNING = "SLUICEKV".getBytes(StandardCharsets.US_ASCII);

    private final Optional<Path> folder;
    private final List<String> discarded;

    private SlotFolder(Optional<Path> folder, List<String> discarded) {
        this.folder = folder;
        this.discarded = discarded;
    }

    /// Opens a folder, which is made if need be, and removes what was not finished.
    public static SlotFolder open(Path folder) throws IOException {
        Files.createDirectories(folder);
        var discarded = new ArrayList<String>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + UNFINISHED)) {
            for (Path file : files) {
                if (isOurs(file)) {
                    discarded.add("%s (%,d bytes)".formatted(
                            file.getFileName(), Files.size(file)));
                    Files.delete(file);
                }
            }
        }
        return new SlotFolder(Optional.of(folder), List.copyOf(discarded));
    }

    /// An unfinished file is empty or begins like a session; another program's is left alone.
    private static boolean isOurs(Path file) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        try (var in = Files.newInputStream(file)) {
            byte[] beginning = in.readNBytes(BEGINNING.length);
            for (int i = 0; i < beginning.length; i++) {
                if (beginning[i] != BEGINNING[i]) {
                    return false;
                }
            }
            return true;
        }
    }

    /// The unfinished files that were removed.
    public List<String> discarded() { return discarded; }

    /// Whether slots can be saved.
    boolean isOpen() { return folder.isPresent(); }

    /// The file of a name.
    ///
    /// @throws ApiException if there is no folder, or the name is not one of a file in it
    Path file(String name) {
        Path in = folder.orElseThrow(() -> ApiException.invalid("", "this server does not save "
                + "slots; start it with --slot-save-path"));
        if (!NAME.matcher(name).matches() || name.endsWith(UNFINISHED) || name.endsWith(".")
                || name.endsWith(" ")) {
            throw ApiException.invalid("filename", "filename: invalid; letters, digits and . _ - "
                    + "within, at most 200, and not ending in " + UNFINISHED);
        }
        return in.resolve(name);
    }

    /// A file that is there.
    ///
    /// @throws ApiException if it is not, or is no file
    Path existing(String name) {
        Path file = file(name);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw ApiException.invalid("filename", "filename: there is no file '" + name + "'");
        }
        return file;
    }

    static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
