package dev.sluice.models.file;

import dev.sluice.models.MalformedModelException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/// Reads a GGUF header front to back. Every read first checks that the bytes are there, and nothing
/// is allocated for a length or a count before that. One thread.
final class HeaderCursor {
    private final Path path;
    private final long fileBytes;
    private final ByteBuffer bytes;
    private int position;
    private String kind = "";
    private String name = "";

    HeaderCursor(MappedFile file) {
        this.path = file.path();
        this.fileBytes = file.size();
        this.bytes = file.header();
    }

    /// The buffer under this cursor, for reads by absolute index.
    ByteBuffer buffer() { return bytes; }

    int position() { return position; }

    long remaining() { return bytes.limit() - position; }

    /// Says what is being read, for the messages of errors: a kind of thing and its name.
    void reading(String newKind, String newName) {
        kind = newKind;
        name = newName;
    }

    MalformedModelException malformed(long offset, String reason) {
        String about = kind.isEmpty() ? "" : kind + " " + Quoted.text(name) + ": ";
        return new MalformedModelException(path, offset, about + reason);
    }

    /// Moves on by `count` bytes and answers where they begin.
    int skip(long count, String what) {
        if (count < 0 || count > remaining()) {
            throw malformed(position, tooShort(count, what));
        }
        int begin = position;
        position += (int) count;
        return begin;
    }

    int i32(String what) { return bytes.getInt(skip(4, what)); }

    /// An unsigned 64-bit value that must be below 2^63, as every length, count and offset is.
    long count(String what) {
        int at = skip(8, what);
        long value = bytes.getLong(at);
        if (value < 0) {
            throw malformed(at, "%s is %s".formatted(what, Long.toUnsignedString(value)));
        }
        return value;
    }

    /// A string of at most `bytesMax` bytes, decoded now.
    String string(int bytesMax, String what) {
        int lengthAt = position;
        long length = count(what);
        if (length > bytesMax) {
            throw malformed(lengthAt,
                    "a %s of %d bytes, at most %d are allowed".formatted(what, length, bytesMax));
        }
        int at = skip(length, what);
        byte[] utf8 = new byte[(int) length];
        bytes.get(at, utf8);
        return decode(utf8, 0, utf8.length, at, what);
    }

    /// Moves past `count` strings of at most `bytesMax` bytes each.
    void skipStrings(long count, int bytesMax) {
        int at = position;
        int limit = bytes.limit();
        for (long i = 0; i < count; i++) {
            if (limit - at < 8) {
                throw malformed(at, tooShort(8, "string " + i));
            }
            long length = bytes.getLong(at);
            if (length < 0 || length > Math.min(bytesMax, limit - at - 8)) {
                throw malformed(at, "string %d has %s bytes; at most %d are allowed, %d remain"
                        .formatted(i, Long.toUnsignedString(length), bytesMax, limit - at - 8));
            }
            at += 8 + (int) length;
        }
        position = at;
    }

    /// UTF-8 bytes as text; bytes that are not UTF-8 are an error at file offset `fileOffset`.
    String decode(byte[] utf8, int offset, int length, long fileOffset, String what) {
        String text = new String(utf8, offset, length, StandardCharsets.UTF_8);
        // Decoding puts U+FFFD where bytes are wrong. A text that holds one by right encodes back
        // to the same bytes.
        if (text.indexOf('\uFFFD') >= 0 && !sameBytes(text, utf8, offset, length)) {
            throw malformed(fileOffset, what + " is not UTF-8");
        }
        return text;
    }

    private static boolean sameBytes(String text, byte[] utf8, int offset, int length) {
        byte[] back = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.equals(back, 0, back.length, utf8, offset, offset + length);
    }

    private String tooShort(long count, String what) {
        String where = bytes.limit() < fileBytes
                ? "the header runs past the first %d bytes".formatted(bytes.limit())
                : "the file is truncated";
        return "%s needs %s bytes, %d remain: %s".formatted(
                what, Long.toUnsignedString(count), remaining(), where);
    }
}
