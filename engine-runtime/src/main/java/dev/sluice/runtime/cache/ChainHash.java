package dev.sluice.runtime.cache;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// The keys under which chunks lie in the tiers: key(i + 1) = H(key(i), tokens of page i), as in
/// vLLM's prefix cache. SHA-256, cut to 128 bits, because the tokens come from users and a
/// collision would hand out another's keys and values. Engine thread only.
final class ChainHash {
    private final MessageDigest digest;
    private final byte[] hash = new byte[32];
    private final ByteBuffer words;

    ChainHash(int pageSize) {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        words = ByteBuffer.allocate(16 + 4 * pageSize);
    }

    /// The key of the empty path of a space.
    ChunkKey root(CacheSpace space) {
        byte[] adapter = space.adapter().getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(4).putInt(0, adapter.length));
        digest.update(adapter);
        digest.update(space.salt().getBytes(StandardCharsets.UTF_8));
        return result();
    }

    /// The key behind the page with tokens `tokens[from, to)`.
    ChunkKey next(ChunkKey parent, int[] tokens, int from, int to) {
        words.clear();
        words.putLong(parent.high()).putLong(parent.low());
        for (int i = from; i < to; i++) {
            words.putInt(tokens[i]);
        }
        digest.update(words.flip());
        return result();
    }

    private ChunkKey result() {
        try {
            digest.digest(hash, 0, hash.length);
        } catch (java.security.DigestException e) {
            throw new IllegalStateException("32 bytes are enough for SHA-256", e);
        }
        ByteBuffer bytes = ByteBuffer.wrap(hash);
        return new ChunkKey(bytes.getLong(), bytes.getLong());
    }
}
