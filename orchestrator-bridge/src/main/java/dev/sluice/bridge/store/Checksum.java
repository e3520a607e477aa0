package dev.sluice.bridge.store;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/// What a file's bytes must add up to. Large files of the hub carry a SHA-256; small ones only
/// git's name of the blob, a SHA-1 over `blob SIZE\0` and the bytes. Immutable.
///
/// @param hex lower-case digits; empty where the hub gives none
record Checksum(Kind kind, String hex) {
    enum Kind { SHA256, GIT_BLOB, NONE }

    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern SHA1 = Pattern.compile("[0-9a-f]{40}");

    static Checksum sha256(String hex) {
        return SHA256.matcher(hex).matches() ? new Checksum(Kind.SHA256, hex)
                : new Checksum(Kind.NONE, "");
    }

    static Checksum gitBlob(String hex) {
        return SHA1.matcher(hex).matches() ? new Checksum(Kind.GIT_BLOB, hex)
                : new Checksum(Kind.NONE, "");
    }

    /// A digest that has seen nothing of a file of `size` bytes yet.
    MessageDigest begin(long size) {
        try {
            return switch (kind) {
                case SHA256, NONE -> MessageDigest.getInstance("SHA-256");
                case GIT_BLOB -> {
                    MessageDigest digest = MessageDigest.getInstance("SHA-1");
                    digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
                    yield digest;
                }
            };
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1 and SHA-256", e);
        }
    }

    /// Whether the digest of all bytes is the right one; true where none is known.
    boolean matches(byte[] digest) {
        return kind == Kind.NONE || hex.equals(HexFormat.of().formatHex(digest));
    }

    @Override
    public String toString() {
        return switch (kind) {
            case SHA256 -> "SHA-256 " + hex;
            case GIT_BLOB -> "git blob " + hex;
            case NONE -> "unknown checksum";
        };
    }
}
