package dev.sluice.runtime.grammar;

import dev.sluice.models.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Tokens of single bytes and some words, and then markers: control tokens without text in
/// one vocabulary, text like any other in another one. The last token ends the text.
record MarkerTokenizer(List<byte[]> texts, List<String> controls) implements Tokenizer {

    static MarkerTokenizer of(List<String> words, List<String> controls) {
        var texts = new ArrayList<byte[]>();
        for (char c = ' '; c < 0x7f; c++) {
            texts.add(new byte[] {(byte) c});
        }
        texts.add(new byte[] {'\n'});
        for (int b = 0xc2; b < 0xf0; b++) {
            texts.add(new byte[] {(byte) b});
        }
        for (int b = 0x80; b < 0xc0; b++) {
            texts.add(new byte[] {(byte) b});
        }
        texts.add(new byte[] {(byte) 0xa9, 'x'});
        for (String word : words) {
            texts.add(word.getBytes(StandardCharsets.UTF_8));
        }
        return new MarkerTokenizer(texts, controls);
    }

    int end() { return texts.size() + controls.size(); }

    @Override
    public int vocabSize() { return end() + 1; }

    @Override
    public byte[] bytes(int tokenId) {
        return tokenId < texts.size() ? texts.get(tokenId) : new byte[0];
    }

    @Override
    public String name(int tokenId) {
        return tokenId < texts.size() ? new String(texts.get(tokenId), StandardCharsets.UTF_8)
                : tokenId < end() ? controls.get(tokenId - texts.size()) : "<end>";
    }

    @Override
    public boolean isControl(int tokenId) { return tokenId >= texts.size(); }

    @Override
    public int id(String name) {
        if (!controls.contains(name)) {
            throw new IllegalArgumentException("no token " + name);
        }
        return texts.size() + controls.indexOf(name);
    }

    @Override
    public boolean contains(String name) { return controls.contains(name); }

    @Override
    public Set<Integer> endOfGeneration() { return Set.of(end()); }

    @Override
    public int[] encode(String text, Special special) {
        throw new UnsupportedOperationException("tokens are drawn here, not encoded");
    }

    @Override
    public int[] encodePrompt(String text) { return encode(text, Special.PARSE); }

    @Override
    public int[] withBosAndEos(int[] ids) { return ids; }

    @Override
    public String bosText() { return ""; }

    @Override
    public String eosText() { return ""; }

    @Override
    public boolean dropsLeadingSpace() { return false; }

    @Override
    public String guard(String text) { return text; }
}
