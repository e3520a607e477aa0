package dev.sluice.models.onnx;

import dev.sluice.models.tokenizer.Tokenizer;
import java.util.HashSet;
import java.util.Set;

/// A tokenizer with the marks of a config beside the graph added: each of its ends ends a
/// generation too, and begin and end have a name for the chat template where the tokenizer's files
/// give none. What is put around a prompt stays the tokenizer's to say. Immutable, any thread.
final class MarkedTokenizer implements Tokenizer {
    private final Tokenizer tokenizer;
    private final Set<Integer> ends;
    private final String begin;
    private final String end;

    /// Ids outside the vocabulary can not be generated and are left out.
    MarkedTokenizer(Tokenizer tokenizer, TokenMarks marks) {
        this.tokenizer = tokenizer;
        var all = new HashSet<>(tokenizer.endOfGeneration());
        marks.ends().stream().filter(id -> id < tokenizer.vocabSize()).forEach(all::add);
        ends = Set.copyOf(all);
        begin = !tokenizer.bosText().isEmpty() || marks.begin().isEmpty()
                ? tokenizer.bosText() : named(marks.begin().getAsInt());
        end = !tokenizer.eosText().isEmpty() || marks.ends().isEmpty()
                ? tokenizer.eosText() : named(marks.ends().iterator().next());
    }

    private String named(int id) {
        return id < tokenizer.vocabSize() ? tokenizer.name(id) : "";
    }

    @Override
    public int vocabSize() { return tokenizer.vocabSize(); }

    @Override
    public int[] encode(String text, Special special) { return tokenizer.encode(text, special); }

    @Override
    public int[] encodePrompt(String text) { return tokenizer.encodePrompt(text); }

    @Override
    public int[] withBosAndEos(int[] ids) { return tokenizer.withBosAndEos(ids); }

    @Override
    public byte[] bytes(int tokenId) { return tokenizer.bytes(tokenId); }

    @Override
    public String name(int tokenId) { return tokenizer.name(tokenId); }

    @Override
    public boolean isControl(int tokenId) { return tokenizer.isControl(tokenId); }

    @Override
    public int id(String name) { return tokenizer.id(name); }

    @Override
    public boolean contains(String name) { return tokenizer.contains(name); }

    @Override
    public String bosText() { return begin; }

    @Override
    public String eosText() { return end; }

    @Override
    public Set<Integer> endOfGeneration() { return ends; }

    @Override
    public boolean dropsLeadingSpace() { return tokenizer.dropsLeadingSpace(); }

    @Override
    public String guard(String text) { return tokenizer.guard(text); }
}
