package dev.sluice.bridge.store;

import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.Map;

/// A file while it comes: the bytes so far, their digest, and beside them what they belong to, so
/// that another process can go on.
///
///     model.gguf.part       the first bytes of the file
///     model.gguf.part.json  {"size":..,"checksum":..,"etag":..}: written before the first byte
///
/// One thread; two processes are kept apart by the pull's lock.
final class PartFile implements AutoCloseable {
    private static final int BUFFER = 1 << 20;

    private final HubFile file;
    private final Path target;
    private final Path part;
    private final Path state;
    private final FileChannel channel;
    private MessageDigest digest;
    private String etag = "";
    private long done;
    private long inherited;

    private PartFile(HubFile file, Path target, FileChannel channel) {
        this.file = file;
        this.target = target;
        this.channel = channel;
        part = part(target);
        state = state(target);
        digest = file.checksum().begin(file.size());
    }

    static Path part(Path target) { return target.resolveSibling(target.getFileName() + ".part"); }

    static Path state(Path target) {
        return target.resolveSibling(target.getFileName() + ".part.json");
    }

    /// Opens what an earlier pull left, or begins.
    ///
    /// @throws PullException if the disk does not let us
    static PartFile open(HubFile file, Path target, PullObserver observer) {
        try {
            Files.createDirectories(target.getParent());
            FileChannel channel = FileChannel.open(part(target), StandardOpenOption.CREATE,
                    StandardOpenOption.READ, StandardOpenOption.WRITE);
            var opened = new PartFile(file, target, channel);
            opened.inherit(observer);
            return opened;
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    /// What of it an earlier pull left and this one used.
    long inherited() { return inherited; }

    long done() { return done; }

    /// Of the response that the bytes came by; empty if it had none.
    String etag() { return etag; }

    private void inherit(PullObserver observer) throws IOException {
        long length = channel.size();
        if (length == 0) {
            return;
        }
        String name = file.path();
        Map<?, ?> stated = stated();
        boolean same = stated.get("size") instanceof Long size && size == file.size()
                && file.checksum().toString().equals(stated.get("checksum"))
                && length <= file.size();
        if (!same) {
            observer.note(("%s: discarded %,d bytes of an earlier pull: %s").formatted(name,
                    length, stated.isEmpty() ? "it is not known of which file they are"
                            : "the file has changed on the hub"));
            restart();
            return;
        }
        observer.note("%s: found %,d of %,d bytes of an earlier pull; checking them and going on"
                .formatted(name, length, file.size()));
        var buffer = ByteBuffer.allocate(BUFFER);
        while (channel.read(buffer.clear(), done) > 0) {
            digest.update(buffer.flip());
            done += buffer.limit();
        }
        inherited = done;
        etag = stated.get("etag") instanceof String text ? text : "";
    }

    private Map<?, ?> stated() throws IOException {
        if (!Files.isRegularFile(state)) {
            return Map.of();
        }
        try {
            return Json.parse(Files.readAllBytes(state)) instanceof Map<?, ?> map ? map : Map.of();
        } catch (Json.MalformedJsonException e) {
            return Map.of();
        }
    }

    /// Says of which file the bytes are that come now.
    void begin(String responseEtag) {
        etag = responseEtag;
        var stated = new LinkedHashMap<String, Object>();
        stated.put("size", file.size());
        stated.put("checksum", file.checksum().toString());
        stated.put("etag", etag);
        try {
            DurableFile.write(state, Json.write(stated));
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    /// Forgets every byte.
    void restart() {
        try {
            if (channel.size() > 0) {
                channel.truncate(0);
            }
            Files.deleteIfExists(state);
        } catch (IOException e) {
            throw failure(target, e);
        }
        digest = file.checksum().begin(file.size());
        etag = "";
        done = 0;
        inherited = 0;
    }

    void append(byte[] bytes, int count) {
        try {
            var buffer = ByteBuffer.wrap(bytes, 0, count);
            while (buffer.hasRemaining()) {
                done += channel.write(buffer, done);
            }
            digest.update(bytes, 0, count);
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    /// Whether the bytes are what the hub promised. Asked once, when all are there.
    boolean isIntact() { return file.checksum().matches(digest.digest()); }

    /// Gives the file its name. Its bytes are on the disk before.
    void publish() {
        try {
            channel.force(true);
            channel.close();
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            Files.deleteIfExists(state);
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    void discard() {
        try {
            channel.close();
            Files.deleteIfExists(part);
            Files.deleteIfExists(state);
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw failure(target, e);
        }
    }

    static PullException failure(Path target, IOException e) {
        String reason = String.valueOf(e.getMessage());
        return new PullException(reason.contains("No space left")
                ? "the disk is full, writing %s; what is there is kept for the next pull"
                        .formatted(target)
                : "cannot write %s: %s".formatted(target, reason));
    }
}
