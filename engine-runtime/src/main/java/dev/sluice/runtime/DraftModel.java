package dev.sluice.runtime;

import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.runtime.cache.CacheSpace;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.cache.KvSequence;
import dev.sluice.runtime.cache.KvTiers;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// Guesses with a second, smaller model (Leviathan and others, arXiv 2211.17192), which has keys
/// and values of its own. All sequences that guess go through it side by side, a token at a time:
///
///     catch up   rows of the tokens that it has not seen; a long prompt takes several steps,
///                and nothing is guessed until it is through
///     guess      draws as the request draws, with the random numbers that the real draws will
///                have, so that two similar distributions give the same token
///
/// Engine thread only. Closes its model.
final class DraftModel implements Drafter {
    private final CausalLm model;
    private final KvCache cache;
    private final Batch batch;
    private final Matrix[] views;
    private final Sampler sampler;
    private final Map<Generation, Draft> drafts = new IdentityHashMap<>();
    private final List<Draft> active = new ArrayList<>();

    /// One generation as the draft model has it: its tokens, and the guesses behind them.
    private final class Draft {
        private final Generation generation;
        private final TokenHistory tokens;
        private final SamplingState sampling;
        private final KvSequence sequence = cache.open(CacheSpace.SHARED);
        private boolean attached;
        private int wanted;
        /// Rows in the batch that is being put together.
        private int rows;

        Draft(Generation generation) {
            this.generation = generation;
            tokens = new TokenHistory(generation.request().promptIds());
            sampling = new SamplingState(generation.request().sampling(),
                    generation.request().choice(), tokens, DryBreakers.NONE);
        }

        /// Takes over what has been drawn; guesses that were wrong are forgotten.
        void follow() {
            TokenHistory drawn = generation.history();
            int common = tokens.commonPrefix(drawn);
            tokens.cut(common);
            for (int i = common; i < drawn.size(); i++) {
                tokens.add(drawn.get(i));
            }
            if (sequence.length() > common) {
                cache.truncate(sequence, common);
            }
        }

        int missing() { return tokens.size() - sequence.length(); }
    }

    DraftModel(CausalLm model, int vocab, int parallel) {
        if (model.vocab() < vocab || model.maxSequences() < parallel) {
            throw new IllegalArgumentException(("the draft model has %d tokens and takes %d "
                    + "sequences a step, needed: %d and %d").formatted(model.vocab(),
                    model.maxSequences(), vocab, parallel));
        }
        this.model = model;
        cache = new KvCache(model, KvTiers.NONE);
        batch = new Batch(model.maxRows(), parallel);
        Matrix logits =
                Matrix.host(new float[parallel * model.vocab()], parallel, model.vocab());
        views = new Matrix[parallel + 1];
        for (int i = 0; i <= parallel; i++) {
            views[i] = logits.rows(0, i);
        }
        sampler = new Sampler(vocab);
    }

    @Override
    public void draft(Generation[] generations, int count) {
        active.clear();
        for (int i = 0; i < count; i++) {
            Draft draft = drafts.computeIfAbsent(generations[i], Draft::new);
            Generation.Plan plan = generations[i].plan();
            draft.wanted = Math.min(plan.guesses,
                    cache.contextLimit() - generations[i].history().size());
            plan.guesses = 0;
            if (draft.wanted > 0) {
                draft.follow();
                active.add(draft);
            }
        }
        while (!active.isEmpty()) {
            forward();
        }
    }

    /// One pass: a guess more for each that has caught up.
    private void forward() {
        batch.clear();
        int budget = model.maxRows();
        for (int i = 0; i < active.size(); i++) {
            Draft draft = active.get(i);
            draft.rows = 0;
            if (budget > 0 && ready(draft, Math.min(budget, draft.missing()))) {
                budget -= draft.rows;
            }
        }
        if (batch.rowCount() > 0) {
            model.forward(batch, views[batch.logitsRowCount()]);
        }
        int row = 0;
        for (int i = active.size() - 1; i >= 0; i--) {
            keep(active.get(i));
        }
        for (Draft draft : List.copyOf(active)) {
            if (draft.rows == 0 || draft.missing() > 0 || !guess(draft, row++)) {
                active.remove(draft);
            }
        }
    }

    private boolean ready(Draft draft, int rows) {
        KvSequence sequence = draft.sequence;
        if (!draft.attached) {
            cache.attach(sequence, draft.tokens.tokenIds(), draft.tokens.size() - 1);
            draft.attached = true;
        }
        int from = sequence.length();
        int taken = Math.min(rows, draft.missing());
        if (!cache.reserve(sequence, from + taken)) {
            cache.release(sequence);
            draft.attached = false;
            return false;
        }
        draft.rows = taken;
        batch.sequence(sequence.pages());
        for (int position = from; position < from + taken; position++) {
            batch.row(draft.tokens.get(position), position,
                    position == draft.tokens.size() - 1);
        }
        return true;
    }

    private void keep(Draft draft) {
        int from = draft.sequence.length();
        if (draft.rows > 0) {
            cache.commit(draft.sequence, draft.tokens.tokenIds(), from, from + draft.rows);
        }
    }

    /// Returns whether more is to be guessed.
    private boolean guess(Draft draft, int row) {
        Generation.Plan plan = draft.generation.plan();
        int tokenId;
        try {
            tokenId = sampler.sample(views[views.length - 1], row, draft.sampling);
        } catch (SamplingException e) {
            // A draft model that has nothing to say: the real one goes on without guesses.
            return false;
        }
        plan.guessed[plan.guesses++] = tokenId;
        draft.tokens.add(tokenId);
        return plan.guesses < draft.wanted && !draft.generation.endsWith(tokenId);
    }

    @Override
    public void forget(Generation generation) {
        Draft draft = drafts.remove(generation);
        if (draft != null && draft.attached) {
            cache.close(draft.sequence);
        }
    }

    @Override
    public void close() {
        cache.close();
        model.close();
    }
}
