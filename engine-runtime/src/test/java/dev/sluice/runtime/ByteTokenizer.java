package dev.sluice.runtime;

import dev.sluice.models.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/// A token per byte, then BOS, EOS and one end of turn, whose text is `<|end|>`.
record ByteTokenizer() implements Tokenizer {
    static final int BOS = 256;
    static final int EOS = 257;
    static final int END_OF_TURN = 258;
    static final int VOCAB = 259;

    @Override
    public int vocabSize() { return VOCAB; }

    @Override
    public int[] encode(String text, Special special) {
        String marked = special == Special.PARSE ? text.replace("<|end|>", "\uFDD1") : text;
        var ids = new java.util.ArrayList<Integer>();
        for (int c : marked.codePoints().toArray()) {
            if (c == 0xFDD1) {
                ids.add(END_OF_TURN);
            } else if (c != GUARD) {
                for (byte b : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
                    ids.add(b & 0xff);
                }
            }
        }
        return ids.stream().mapToInt(i -> i).toArray();
    }

    @Override
    public int[] encodePrompt(String text) {
        return withBosAndEos(encode(text, Special.PARSE));
    }

    @Override
    public int[] withBosAndEos(int[] ids) {
        int[] prompt = new int[ids.length + 1];
        prompt[0] = BOS;
        System.arraycopy(ids, 0, prompt, 1, ids.length);
        return prompt;
    }

    @Override
    public byte[] bytes(int tokenId) {
        return tokenId < 256 ? new byte[] {(byte) tokenId} : new byte[0];
    }

    @Override
    public String name(int tokenId) {
        return tokenId < 256 ? "<" + tokenId + ">" : "control " + tokenId;
    }

    @Override
    public boolean isControl(int tokenId) { return tokenId >= 256; }

    @Override
    public int id(String name) { throw new IllegalArgumentException("no token " + name); }

    @Override
    public boolean contains(String name) { return false; }

    @Override
    public String bosText() { return ""; }

    @Override
    public String eosText() { return ""; }

    @Override
    public Set<Integer> endOfGeneration() { return Set.of(EOS, END_OF_TURN); }

    @Override
    public boolean dropsLeadingSpace() { return false; }

    @Override
    public String guard(String text) { return text.replace("<|end|>", "<|" + GUARD + "end|>"); }
}
