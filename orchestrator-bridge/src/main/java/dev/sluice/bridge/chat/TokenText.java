package dev.sluice.bridge.chat;

import dev.sluice.models.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;

/// Single tokens as protocols show them. A token may be part of a character, so its bytes count.
public final class TokenText {
    private TokenText() { }

    /// A token as a text of its own: a control token by its name.
    public static String of(Tokenizer tokenizer, int tokenId) {
        byte[] bytes = tokenizer.bytes(tokenId);
        return bytes.length == 0 ? tokenizer.name(tokenId)
                : new String(bytes, StandardCharsets.UTF_8);
    }

    /// Bytes as numbers from 0 to 255.
    public static int[] unsigned(byte[] bytes) {
        var unsigned = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            unsigned[i] = bytes[i] & 0xff;
        }
        return unsigned;
    }
}
