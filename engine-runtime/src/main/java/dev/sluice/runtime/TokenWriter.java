package dev.sluice.runtime;

import dev.sluice.kernels.Matrix;
import dev.sluice.models.CausalLm;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Failure;
import dev.sluice.runtime.TokenEvent.Finished;
import java.util.List;
import java.util.function.LongSupplier;

/// From a row of logits to what the reader gets: draws a token, tells the stream, and sees whether
/// the answer ends with it. Engine thread only.
final class TokenWriter {
    private final Tokenizer tokenizer;
    private final LongSupplier clock;
    private final LoopObserver observer;
    private final int contextLimit;
    private final Matrix logits;
    private final SamplerCrew crew;
    private final Logprobs logprobs;
    private final TokenMask mask;

    TokenWriter(CausalLm model, Tokenizer tokenizer, LoopSetup setup, Matrix logits) {
        this.tokenizer = tokenizer;
        this.logits = logits;
        clock = setup.clock();
        observer = setup.observer();
        contextLimit = setup.cache().contextLimit();
        // Columns beyond the tokenizer's vocabulary are padding.
        int vocab = Math.min(model.vocab(), tokenizer.vocabSize());
        crew = new SamplerCrew(logits, vocab, setup.samplerThreads(), setup.parallel());
        logprobs = new Logprobs(vocab);
        mask = new TokenMask(vocab);
    }

    int vocab() { return crew.sampler().vocab(); }

    void close() { crew.close(); }

    /// Draws the first tokens of a step's rows side by side, as far as nothing has to be asked
    /// that lives on this thread. [#draw(Generation,int)] then finds them.
    void draw(StepRows rows) {
        int count = 0;
        Generation[] work = crew.work();
        for (int i = 0; i < rows.count(); i++) {
            Generation g = rows.generation(i);
            if (g.plan().rows == g.missing() && g.constraint() == TokenConstraint.FREE) {
                work[count++] = g;
            }
        }
        if (count > 1) {
            crew.draw(count);
        }
    }

    /// Draws the next token from a row of the step's logits. Returns whether the generation goes
    /// on; if not, it has its ending. The order of the checks is that of sampling.md section 6:
    /// tokens that end the answer, stop strings, the token limit, the context.
    boolean draw(Generation g, int row) {
        observer.logits(g, logits, row);
        SamplingParams params = g.request().sampling();
        int position = g.history().size();
        int tokenId;
        List<Logprob> entries = List.of();
        try {
            tokenId = sample(g, row);
            if (params.logprobs()) {
                entries = logprobs.of(logits, row, tokenId, params.topLogprobs(), position);
            }
        } catch (SamplingException e) {
            g.ending(new Failed(Failure.NO_TOKEN, e.getMessage()));
            return false;
        }
        g.history().add(tokenId);
        g.progress().drawn(clock.getAsLong());
        if (g.endsWith(tokenId)) {
            return finish(g, FinishReason.STOP, "");
        }
        g.constraint().accept(tokenId);
        g.stream().put(tokenId, entries);
        if (!g.request().stopStrings().isEmpty()) {
            g.stops().push(tokenizer.bytes(tokenId));
            if (g.stops().stopped()) {
                return finish(g, FinishReason.STOP, g.stops().matched());
            }
        }
        if (g.progress().drawn() == g.request().maxTokens()) {
            return finish(g, FinishReason.LENGTH, "");
        }
        return g.history().size() < contextLimit
                || finish(g, FinishReason.CONTEXT_FULL, "");
    }

    private int sample(Generation g, int row) {
        Sampler sampler = crew.sampler();
        if (g.plan().draw == Generation.Draw.MADE) {
            g.plan().draw = Generation.Draw.OPEN;
            return g.plan().drawn;
        }
        if (g.constraint() == TokenConstraint.FREE) {
            return sampler.sample(logits, row, g.sampling(), g.banned());
        }
        g.fillMask(mask);
        return sampler.sample(logits, row, g.sampling(), mask, g.banned());
    }

    private static boolean finish(Generation g, FinishReason reason, String stop) {
        g.ending(new Finished(reason, "", stop, g.usage()));
        return false;
    }
}
