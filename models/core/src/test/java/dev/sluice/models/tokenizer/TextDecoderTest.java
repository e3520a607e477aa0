package dev.sluice.models.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.tokenizer.Tokenizer.Special;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Goal: text comes out whole characters at a time and loses nothing. Method: the 256 tokens of
/// one byte in the gpt-2 vocabulary carry any byte sequence, valid or not, token by token; a
/// regular expression of well-formed sequences (Unicode 16, table 3-7) and their beginnings judges.
/// The JDK's decoder can not: it answers an encoded surrogate with one U+FFFD, not three.
class TextDecoderTest {

    private static final String TAIL = "[\\x80-\\xBF]";
    private static final Pattern WHOLE = Pattern.compile("[\\x00-\\x7F]|[\\xC2-\\xDF]" + TAIL
            + "|(?:\\xE0[\\xA0-\\xBF]|[\\xE1-\\xEC\\xEE\\xEF]" + TAIL
            + "|\\xED[\\x80-\\x9F])" + TAIL
            + "|(?:\\xF0[\\x90-\\xBF]|[\\xF1-\\xF3]" + TAIL + "|\\xF4[\\x80-\\x8F])" + TAIL + TAIL);
    private static final Pattern BEGINNING = Pattern.compile("\\xE0[\\xA0-\\xBF]"
            + "|[\\xE1-\\xEC\\xEE\\xEF]" + TAIL + "|\\xED[\\x80-\\x9F]"
            + "|(?:\\xF0[\\x90-\\xBF]|[\\xF1-\\xF3]" + TAIL + "|\\xF4[\\x80-\\x8F])" + TAIL + "?"
            + "|[\\x80-\\xFF]");

    private static String judge(byte[] bytes) {
        String latin = new String(bytes, StandardCharsets.ISO_8859_1);
        var out = new StringBuilder();
        for (int at = 0; at < latin.length();) {
            Matcher whole = WHOLE.matcher(latin).region(at, latin.length());
            Matcher beginning = BEGINNING.matcher(latin).region(at, latin.length());
            if (whole.lookingAt()) {
                out.append(new String(bytes, at, whole.end() - at, StandardCharsets.UTF_8));
                at = whole.end();
            } else if (beginning.lookingAt()) {
                out.append('\uFFFD');
                at = beginning.end();
            }
        }
        return out.toString();
    }

    private static int[] byteTokens(Tokenizer tokenizer) {
        int[] ids = new int[256];
        for (int id = 0; id < 256; id++) {
            ids[tokenizer.bytes(id)[0] & 0xFF] = id;
        }
        return ids;
    }

    @Test
    void anyBytesDecodeByMaximalSubparts() throws IOException {
        Tokenizer tokenizer = TestData.tokenizer("ggml-vocab-gpt-2.gguf");
        int[] ids = byteTokens(tokenizer);
        long seed = Long.getLong("seed", 20261121);
        var random = new Random(seed);
        int[] edges = {0x00, 0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0,
            0xE2, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
        for (int round = 0; round < 20000; round++) {
            byte[] bytes = new byte[random.nextInt(12)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) edges[random.nextInt(edges.length)];
            }
            TextDecoder decoder = TextDecoder.ofText(tokenizer);
            var out = new StringBuilder();
            for (byte b : bytes) {
                out.append(decoder.accept(ids[b & 0xFF]));
            }
            out.append(decoder.finish());
            assertEquals(judge(bytes), out.toString(),
                    "seed " + seed + ", round " + round);
        }
    }

    @Test
    void aCharacterComesOutWithItsLastByteAndNotBefore() throws IOException {
        Tokenizer tokenizer = TestData.tokenizer("ggml-vocab-gpt-2.gguf");
        int[] ids = byteTokens(tokenizer);
        TextDecoder decoder = TextDecoder.ofText(tokenizer);
        byte[] rocket = "🚀".getBytes(StandardCharsets.UTF_8);
        assertEquals("", decoder.accept(ids[rocket[0] & 0xFF]));
        assertEquals("", decoder.accept(ids[rocket[1] & 0xFF]));
        assertEquals("", decoder.accept(ids[rocket[2] & 0xFF]));
        assertEquals("🚀", decoder.accept(ids[rocket[3] & 0xFF]));
        assertEquals("", decoder.finish());
    }

    @Test
    void bytePairTextsComeBackAsTheyWere() throws IOException {
        long seed = Long.getLong("seed", 20261121);
        var random = new Random(seed);
        for (var entry : TestData.everyPreTokenizer().entrySet()) {
            Tokenizer tokenizer = entry.getValue();
            for (int round = 0; round < 200; round++) {
                String text = RandomText.draw(random, random.nextInt(200));
                int[] ids = tokenizer.encode(text, Special.AS_TEXT);
                assertEquals(text, TextDecoder.decode(tokenizer, ids),
                        entry.getKey() + ", seed " + seed + ", round " + round);
            }
        }
    }

    @Test
    void sentencePieceTextsComeBackAsTheyWere() throws IOException {
        Tokenizer tokenizer = TestData.tokenizer("stories260K.gguf");
        long seed = Long.getLong("seed", 20261121);
        var random = new Random(seed);
        for (int round = 0; round < 3000; round++) {
            String text = RandomText.draw(random, random.nextInt(100)).replace("\u2581", "");
            int[] ids = tokenizer.encode(text, Special.AS_TEXT);
            assertEquals(text, TextDecoder.decode(tokenizer, ids),
                    "seed " + seed + ", round " + round);
        }
    }

    @Test
    void onlyATextOfItsOwnDropsTheAddedSpace() throws IOException {
        Tokenizer tokenizer = TestData.tokenizer("stories260K.gguf");
        int[] ids = tokenizer.encodePrompt("Hello world");
        assertEquals("Hello world", TextDecoder.decode(tokenizer, ids));
        TextDecoder continuing = TextDecoder.ofContinuation(tokenizer);
        assertEquals(" He", continuing.accept(ids[1]));
        assertTrue(tokenizer.dropsLeadingSpace());
    }
}
