package dev.sluice.models.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/// The gpt-2 alphabet: every byte as a printable character. Bytes 33-126, 161-172 and 174-255 are
/// the character of the same number, the other 68 in order are U+0100 on, so a space is `Ġ`.
final class ByteAlphabet {
    private static final char[] CHARACTERS = new char[256];
    /// Byte plus one of each character; 0 where there is none.
    private static final short[] BYTES = new short[0x144];

    static {
        int next = 0x100;
        for (int b = 0; b < 256; b++) {
            boolean same = b >= 33 && b <= 126 || b >= 161 && b <= 172 || b >= 174;
            CHARACTERS[b] = (char) (same ? b : next++);
            BYTES[CHARACTERS[b]] = (short) (b + 1);
        }
    }

    private ByteAlphabet() { }

    static char character(int unsignedByte) {
        return CHARACTERS[unsignedByte];
    }

    /// UTF-8 of the characters of `bytes[0, count)`, at the start of `out`, which has room for two
    /// bytes each; returns the number written.
    static int encode(byte[] bytes, int count, byte[] out) {
        int n = 0;
        for (int i = 0; i < count; i++) {
            char c = CHARACTERS[bytes[i] & 0xFF];
            if (c < 0x80) {
                out[n++] = (byte) c;
            } else {
                out[n++] = (byte) (0xC0 | c >> 6);
                out[n++] = (byte) (0x80 | c & 63);
            }
        }
        return n;
    }

    /// The bytes a token's text stands for; a character outside the alphabet is itself.
    static byte[] decode(String text) {
        var out = new ByteArrayOutputStream(text.length());
        for (int i = 0; i < text.length();) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (c < BYTES.length && BYTES[c] != 0) {
                out.write(BYTES[c] - 1);
            } else {
                out.writeBytes(Character.toString(c).getBytes(StandardCharsets.UTF_8));
            }
        }
        return out.toByteArray();
    }
}
