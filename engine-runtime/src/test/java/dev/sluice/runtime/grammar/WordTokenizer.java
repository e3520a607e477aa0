package dev.sluice.runtime.grammar;

import dev.sluice.models.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/// Every byte is a token, then come the given words, one control token and the end of the text.
/// Encoding is the caller's: [#split] cuts bytes into tokens at random.
record WordTokenizer(List<byte[]> words) implements Tokenizer {

    /// Tokens of one byte, of a few bytes of JSON, and ones cut inside a character.
    static WordTokenizer json(long seed) {
        var random = new Random(seed);
        var words = new ArrayList<byte[]>();
        for (String word : ("\",|\":|\":\"|\",\"|\"}|\"]|{\"|[\"|[{|}]|}}|]]|\"},{\"|,\"|, \"|: "
                + "|\": |true|false|null|tru|e,|alse|nul|l}|0,|1}"
                + "|12|345|.5|-1|0.|1e|e+|\\u|\\u00|00e9"
                + "|\\n|\\\"|\\\\|d8|abc|ab|foo|\"foo|\"foo\"|\"foo\":|bar|\"bar\":1|,\"a\":1,\"a\""
                + "|name|aa|bb|b\"|a\",|\"a|\"a\":|\u00e9|\u4f60|\u597d|\ud83d\ude00| |  |\n|\n  "
                + "|,\n|a\":1|\"\":|\"\",\"").split("\\|")) {
            words.add(word.getBytes(StandardCharsets.UTF_8));
        }
        words.add(new byte[] {(byte) 0xc3});
        words.add(new byte[] {(byte) 0xa9, 'x'});
        words.add(new byte[] {'a', (byte) 0xf0, (byte) 0x9f});
        words.add(new byte[] {(byte) 0x98, (byte) 0x80, '"'});
        for (int i = 0; i < 60; i++) {
            byte[] word = new byte[1 + random.nextInt(4)];
            for (int j = 0; j < word.length; j++) {
                word[j] = (byte) "\"{}[]:,01ab\\u e-.".charAt(random.nextInt(17));
            }
            words.add(word);
        }
        return new WordTokenizer(words);
    }

    int control() { return 256 + words.size(); }

    int end() { return control() + 1; }

    /// Ids whose bytes are `text`, chosen at random.
    int[] split(byte[] text, Random random) {
        var ids = new ArrayList<Integer>();
        int at = 0;
        while (at < text.length) {
            int id = text[at] & 0xff;
            for (int tries = 0; tries < 8 && id < 256; tries++) {
                int word = random.nextInt(words.size());
                if (startsWith(text, at, words.get(word))) {
                    id = 256 + word;
                }
            }
            ids.add(id);
            at += bytes(id).length;
        }
        int[] all = new int[ids.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = ids.get(i);
        }
        return all;
    }

    private static boolean startsWith(byte[] text, int at, byte[] word) {
        return at + word.length <= text.length && java.util.Arrays.equals(
                text, at, at + word.length, word, 0, word.length);
    }

    @Override
    public int vocabSize() { return end() + 1; }

    @Override
    public int[] encode(String text, Special special) {
        return split(text.getBytes(StandardCharsets.UTF_8), new Random(0));
    }

    @Override
    public int[] encodePrompt(String text) { return encode(text, Special.PARSE); }

    @Override
    public int[] withBosAndEos(int[] ids) { return ids; }

    @Override
    public byte[] bytes(int tokenId) {
        return tokenId < 256 ? new byte[] {(byte) tokenId}
                : tokenId < control() ? words.get(tokenId - 256) : new byte[0];
    }

    @Override
    public String name(int tokenId) { return "<" + tokenId + ">"; }

    @Override
    public boolean isControl(int tokenId) { return tokenId >= control(); }

    @Override
    public int id(String name) { throw new IllegalArgumentException("no token " + name); }

    @Override
    public boolean contains(String name) { return false; }

    @Override
    public String bosText() { return ""; }

    @Override
    public String eosText() { return ""; }

    @Override
    public Set<Integer> endOfGeneration() { return Set.of(end()); }

    @Override
    public boolean dropsLeadingSpace() { return false; }

    @Override
    public String guard(String text) { return text; }
}
