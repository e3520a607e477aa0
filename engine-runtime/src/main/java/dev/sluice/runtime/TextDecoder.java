package dev.sluice.runtime;

import dev.sluice.models.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Token ids of one answer to text: never half a character, never a part of a stop string. Bytes
/// that are not UTF-8 become U+FFFD. The text goes on after a prompt, so its first token keeps its
/// leading space. One sequence, one thread at a time.
final class TextDecoder {
    private final Tokenizer tokenizer;
    private final StopMatcher stops;
    /// Bytes of a character whose end has not come yet.
    private byte[] pending = {};

    TextDecoder(Tokenizer tokenizer, StopMatcher.Patterns stops) {
        this.tokenizer = tokenizer;
        this.stops = new StopMatcher(stops);
    }

    /// What the text grows by.
    String push(int tokenId) {
        byte[] bytes = joined(stops.push(tokenizer.bytes(tokenId)));
        int complete = bytes.length - incomplete(bytes);
        pending = Arrays.copyOfRange(bytes, complete, bytes.length);
        return new String(bytes, 0, complete, StandardCharsets.UTF_8);
    }

    /// The rest, when no token follows.
    String flush() {
        byte[] bytes = joined(stops.flush());
        pending = new byte[0];
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private byte[] joined(byte[] next) {
        if (pending.length == 0) {
            return next;
        }
        byte[] bytes = Arrays.copyOf(pending, pending.length + next.length);
        System.arraycopy(next, 0, bytes, pending.length, next.length);
        return bytes;
    }

    /// Bytes at the end that begin a character and lack its rest: 0 to 3.
    private static int incomplete(byte[] bytes) {
        for (int back = 1; back <= 3 && back <= bytes.length; back++) {
            int b = bytes[bytes.length - back] & 0xff;
            if (b >= 0xc2 && b <= 0xf4) {
                int needed = b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
                return back < needed ? back : 0;
            }
            if (b < 0x80 || b >= 0xc0) {
                return 0;
            }
        }
        return 0;
    }
}
