package dev.sluice.models.skip;

import dev.sluice.models.file.FileTensor;
import dev.sluice.models.file.TensorFile;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/// Names the weights that a plan was fitted to: SHA-256 over every tensor's name, type, shape and
/// first bytes. Reading all of a large model would take minutes, and two fine-tuned versions of
/// one model differ in the first bytes of some tensor.
final class ModelKey {
    private static final int BYTES_READ = 4096;

    private ModelKey() { }

    /// 64 hexadecimal digits.
    static String of(TensorFile file) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (FileTensor tensor : file.tensors()) {
                String head = tensor.name() + ' ' + tensor.type() + ' '
                        + Arrays.toString(tensor.dims()) + '\n';
                digest.update(head.getBytes(StandardCharsets.UTF_8));
                MemorySegment bytes = tensor.bytes();
                digest.update(bytes.asSlice(0, Math.min(BYTES_READ, bytes.byteSize()))
                        .asByteBuffer());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
