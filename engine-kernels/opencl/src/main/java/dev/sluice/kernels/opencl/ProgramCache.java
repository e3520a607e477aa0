package dev.sluice.kernels.opencl;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/// Compiled programs on disk, one file each, named by the hash of all that decides its bytes:
///
///     | magic 8 bytes | SHA-256 of the binary, 32 bytes | binary |
///
/// A file that is not that, or that the driver refuses, is discarded with a warning and made anew;
/// a folder that can not be written only costs time. Several processes may share the folder: files
/// appear whole, by a rename.
final class ProgramCache {
    private static final System.Logger LOG = System.getLogger("dev.sluice.kernels.opencl");
    private static final byte[] MAGIC = "SLUICL01".getBytes(StandardCharsets.US_ASCII);
    private static final int HASH_BYTES = 32;

    private final Path folder;

    ProgramCache(Path folder) {
        this.folder = folder;
    }

    /// The key of a program: device, driver, options and source.
    static String key(String... parts) {
        MessageDigest hash = sha256();
        for (String part : parts) {
            byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
            hash.update(ByteBuffer.allocate(4).putInt(0, bytes.length));
            hash.update(bytes);
        }
        return HexFormat.of().formatHex(hash.digest());
    }

    Path file(String key) {
        return folder.resolve("opencl-" + key + ".bin");
    }

    Optional<byte[]> find(String key) {
        Path file = file(key);
        try {
            byte[] all = Files.readAllBytes(file);
            int header = MAGIC.length + HASH_BYTES;
            if (all.length > header && Arrays.equals(MAGIC, Arrays.copyOf(all, MAGIC.length))) {
                byte[] binary = Arrays.copyOfRange(all, header, all.length);
                if (Arrays.equals(sha256().digest(binary),
                        Arrays.copyOfRange(all, MAGIC.length, header))) {
                    return Optional.of(binary);
                }
            }
            discard(key, "it is damaged");
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "compiled kernels can not be read: {0}",
                    e.toString());
        }
        return Optional.empty();
    }

    void discard(String key, String why) {
        LOG.log(System.Logger.Level.WARNING, "discarded {0}: {1}; the kernel is compiled again",
                file(key), why);
        try {
            Files.deleteIfExists(file(key));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "it can not be deleted: {0}", e.toString());
        }
    }

    void put(String key, byte[] binary) {
        try {
            Files.createDirectories(folder);
            Path made = Files.createTempFile(folder, "opencl-", ".making");
            byte[] hash = sha256().digest(binary);
            Files.write(made, ByteBuffer.allocate(MAGIC.length + hash.length + binary.length)
                    .put(MAGIC).put(hash).put(binary).array());
            Files.move(made, file(key), StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "compiled kernels are not kept: {0}",
                    e.toString());
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
