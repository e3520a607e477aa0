package dev.sluice.runtime.cache;

import dev.sluice.models.KvPlan;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.ModelConfig;
import dev.sluice.models.file.FileTensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/// Names all that the bytes of a page depend on: weights, storage type, page size, rotation, layers
/// and backend. Pages written under one fingerprint are never read under another. Immutable.
///
/// @param high  upper half of 128 bits of a SHA-256
/// @param low   lower half
public record ModelFingerprint(long high, long low) {
    /// Bytes read at the start, in the middle and at the end of each tensor: enough to tell a
    /// fine-tuned or requantised model from its parent, little enough to leave the file unread.
    private static final int SAMPLE_BYTES = 64;

    /// For a cache that writes nothing.
    public static final ModelFingerprint NONE = new ModelFingerprint(0, 0);

    /// The fingerprint of a model that its caller has named; [#NONE] for an empty name.
    public static ModelFingerprint named(String id) {
        if (id.isEmpty()) {
            return NONE;
        }
        MessageDigest digest = sha256();
        digest.update(id.getBytes(StandardCharsets.UTF_8));
        return of(digest);
    }

    /// The fingerprint of an opened model.
    ///
    /// @param backend  which computes the pages and lays out their bytes
    public static ModelFingerprint of(LoadedModel model, String backend) {
        MessageDigest digest = sha256();
        KvPlan plan = model.lm().kvPlan();
        add(digest, "%s %s %d".formatted(backend, plan.dtype(), plan.pageSize()));
        for (KvPlan.Group group : plan.groups()) {
            add(digest, "%d %d %d".formatted(
                    group.layers(), group.window(), group.bytesPerPage()));
        }
        add(digest, model.config());
        for (FileTensor tensor : model.file().tensors()) {
            add(digest, "%s %s %s".formatted(tensor.name(), tensor.type(), tensor.shape()));
            MemorySegment bytes = tensor.bytes();
            long size = bytes.byteSize();
            for (long at : new long[] {0, size / 2, size - SAMPLE_BYTES}) {
                long from = Math.clamp(at, 0, Math.max(0, size - SAMPLE_BYTES));
                digest.update(bytes.asSlice(from, Math.min(SAMPLE_BYTES, size - from))
                        .toArray(ValueLayout.JAVA_BYTE));
            }
        }
        return of(digest);
    }

    private static ModelFingerprint of(MessageDigest digest) {
        ByteBuffer hash = ByteBuffer.wrap(digest.digest());
        return new ModelFingerprint(hash.getLong(), hash.getLong());
    }

    /// What the file says of the graph, in values that are the same in every process.
    private static void add(MessageDigest digest, ModelConfig config) {
        ModelConfig.AttentionConfig a = config.attention();
        add(digest, "%s %d %d %d %s".formatted(config.architecture(), config.layers(),
                config.hidden(), config.feedForward(), config.normEpsilon()));
        add(digest, "%d %d %d %d %s %s %d".formatted(a.heads(), a.kvHeads(), a.keyDim(),
                a.valueDim(), a.scale(), a.softcap(), a.window()));
        add(digest, Arrays.toString(a.slidingLayers()) + Arrays.toString(a.rotaryLayers()));
        add(digest, "%s %s %s".formatted(config.scales(), config.experts(), config.latent()));
        ModelConfig.RopeConfig rope = config.rope();
        add(digest, "%d %s %s %s %s".formatted(rope.dims(), rope.localBase(), rope.scaleLocal(),
                rope.pairing(), rope.scaling().magnitude()));
        add(digest, Arrays.toString(
                rope.scaling().inverseFrequencies(rope.dims(), rope.base())));
    }

    /// A line, ended so that two can not read as one.
    private static void add(MessageDigest digest, String line) {
        digest.update((line + '\n').getBytes(StandardCharsets.UTF_8));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
