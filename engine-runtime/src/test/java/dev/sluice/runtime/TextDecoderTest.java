package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: text comes in whole characters, and all of it. Method: a tokenizer with a token per byte,
/// so that every character is split.
class TextDecoderTest {
    private static TextDecoder decoder(String... stops) {
        return new TextDecoder(
                new ByteTokenizer(), new StopMatcher.Patterns(List.of(stops)));
    }

    @Test
    void charactersAreNeverSplit() {
        String text = "aé€😀\uFFFD߿\uE000z";
        var decoder = decoder();
        var out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            String piece = decoder.push(b & 0xff);
            assertFalse(piece.length() > 2 || piece.equals("\uFFFD") && out.length() < 4);
            out.append(piece);
        }
        assertEquals(text, out.toString());
        assertEquals("", decoder.flush());
    }

    @Test
    void anyBytesGiveTheTextOfAllOfThem() {
        for (int seed = 0; seed < 5000; seed++) {
            var random = new Random(seed);
            byte[] bytes = new byte[random.nextInt(12)];
            byte[] likely = {'a', (byte) 0xc3, (byte) 0xa9, (byte) 0xe2, (byte) 0x82, (byte) 0xac,
                (byte) 0xf0, (byte) 0x9f, (byte) 0x98, (byte) 0x80, (byte) 0xed, (byte) 0xff};
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = likely[random.nextInt(likely.length)];
            }
            var decoder = decoder();
            var out = new StringBuilder();
            for (byte b : bytes) {
                out.append(decoder.push(b & 0xff));
            }
            assertEquals(new String(bytes, StandardCharsets.UTF_8), out + decoder.flush(),
                    "seed " + seed);
        }
    }

    @Test
    void stopStringsMayEndInsideWhatWasHeld() {
        var decoder = decoder("€uro");
        var out = new StringBuilder();
        for (byte b : "1 €ur 2 €uro 3".getBytes(StandardCharsets.UTF_8)) {
            out.append(decoder.push(b & 0xff));
        }
        assertEquals("1 €ur 2 ", out + decoder.flush());
    }

    @Test
    void halfACharacterAtTheEndIsReplaced() {
        var decoder = decoder();
        assertEquals("", decoder.push(0xe2));
        assertEquals("", decoder.push(0x82));
        assertEquals("\uFFFD", decoder.flush());
    }
}
