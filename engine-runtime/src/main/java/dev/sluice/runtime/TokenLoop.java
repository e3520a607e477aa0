package dev.sluice.runtime;

import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.TokenEvent.Token;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.cache.KvSequence;
import java.util.List;

/// The token loop: from a prompt to the event that ends the answer. Engine thread only.
///
///     keep what the sequence has of the prompt
///     repeat   rows of all tokens not yet computed, at most maxRows -> forward
///              when the last of them got logits: draw a token, tell the reader, see if it ends
///
/// A chunk of the prompt and a single decoded token go the same way. One sequence at a time.
final class TokenLoop {
    private final CausalLm model;
    private final Tokenizer tokenizer;
    private final KvCache cache;
    private final Batch batch;
    private final Matrix logits;
    private final Sampler sampler;
    private final Logprobs logprobs;

    TokenLoop(CausalLm model, Tokenizer tokenizer, KvCache cache) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.cache = cache;
        batch = new Batch(model.maxRows(), 1);
        logits = Matrix.host(new float[model.vocab()], 1, model.vocab());
        // Columns beyond the tokenizer's vocabulary are padding.
        int vocab = Math.min(model.vocab(), tokenizer.vocabSize());
        sampler = new Sampler(vocab);
        logprobs = new Logprobs(vocab);
    }

    /// Token ids that may occur, from 0 to this, exclusive.
    int vocab() { return sampler.vocab(); }

    /// Readies a sequence for a request. At least one prompt token is left to compute, since only
    /// that gives logits.
    void start(Generation generation) {
        int[] promptIds = generation.request().promptIds();
        KvSequence sequence = generation.sequence();
        cache.release(sequence);
        cache.attach(sequence, promptIds, promptIds.length - 1);
        generation.start(sequence.length());
    }

    /// One forward pass. Returns whether the generation goes on; if not, its last event was sent.
    boolean step(Generation generation, StopMatcher stops) {
        if (generation.stream().cancelled()) {
            return finish(generation, FinishReason.CANCELLED, "");
        }
        TokenHistory history = generation.history();
        KvSequence sequence = generation.sequence();
        int from = sequence.length();
        int end = Math.min(history.size(), from + model.maxRows());
        if (!cache.reserve(sequence, end)) {
            throw new IllegalStateException("no KV pages for one sequence alone");
        }
        batch.clear();
        batch.sequence(sequence.pages());
        for (int position = from; position < end; position++) {
            batch.row(history.get(position), position, position == history.size() - 1);
        }
        model.forward(batch, logits.rows(0, batch.logitsRowCount()));
        cache.commit(sequence, history.tokenIds(), from, end);
        return end < history.size() || draw(generation, stops);
    }

    /// Draws the next token. The order of the checks is that of the specification: tokens that end
    /// the answer, stop strings, the token limit, the context.
    private boolean draw(Generation generation, StopMatcher stops) {
        SamplingParams params = generation.request().sampling();
        int position = generation.history().size();
        int tokenId = sampler.sample(logits, 0, generation.sampling(), generation.banned());
        List<Logprob> entries = params.logprobs()
                ? logprobs.of(logits, 0, tokenId, params.topLogprobs(), position)
                : List.of();
        generation.drawn(tokenId);
        if (generation.endsWith(tokenId)) {
            return finish(generation, FinishReason.STOP, "");
        }
        generation.stream().put(new Token(tokenId, "", entries));
        stops.push(tokenizer.bytes(tokenId));
        if (stops.stopped()) {
            return finish(generation, FinishReason.STOP, stops.matched());
        }
        if (generation.drawn() == generation.request().maxTokens()) {
            return finish(generation, FinishReason.LENGTH, "");
        }
        if (generation.history().size() == cache.contextLimit()) {
            return finish(generation, FinishReason.CONTEXT_FULL, "");
        }
        return true;
    }

    private static boolean finish(Generation generation, FinishReason reason, String stop) {
        generation.stream().put(new Finished(reason, "", stop, generation.usage()));
        return false;
    }
}
