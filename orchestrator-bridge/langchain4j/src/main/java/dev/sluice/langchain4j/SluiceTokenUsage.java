package dev.sluice.langchain4j;

import dev.langchain4j.model.output.TokenUsage;
import dev.sluice.runtime.Usage;

/// What an answer cost, with the part of the prompt that was not computed because its keys and
/// values were there already. Immutable.
public final class SluiceTokenUsage extends TokenUsage {
    private final int cachedInputTokens;

    private SluiceTokenUsage(int input, int output, int cachedInputTokens) {
        super(input, output);
        this.cachedInputTokens = cachedInputTokens;
    }

    static SluiceTokenUsage of(Usage usage) {
        return new SluiceTokenUsage(
                usage.promptTokens(), usage.completionTokens(), usage.cachedTokens());
    }

    /// Of [#inputTokenCount], the tokens found in the prefix cache.
    public int cachedInputTokenCount() { return cachedInputTokens; }

    /// The sum; it keeps the cached tokens of both.
    @Override
    public TokenUsage add(TokenUsage that) {
        if (that == null) {
            return this;
        }
        int cached = that instanceof SluiceTokenUsage ours ? ours.cachedInputTokens : 0;
        return new SluiceTokenUsage(sum(inputTokenCount(), that.inputTokenCount()),
                sum(outputTokenCount(), that.outputTokenCount()), cachedInputTokens + cached);
    }

    @Override
    public boolean equals(Object that) {
        return that instanceof SluiceTokenUsage ours && super.equals(that)
                && cachedInputTokens == ours.cachedInputTokens;
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + cachedInputTokens;
    }

    @Override
    public String toString() {
        return super.toString() + " of whose input " + cachedInputTokens + " cached";
    }
}
