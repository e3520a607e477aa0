package dev.sluice.runtime;

/// Decides who guesses how much in a step, and cuts guesses that a constraint forbids. Engine
/// thread only.
final class Guesses {
    private final Drafter drafter;
    private final int contextLimit;
    private final Generation[] drafting;
    private final TokenMask mask;

    Guesses(Drafter drafter, int contextLimit, int parallel, int vocab) {
        this.drafter = drafter;
        this.contextLimit = contextLimit;
        mask = new TokenMask(vocab);
        drafting = new Generation[parallel];
    }

    /// Adds guesses to the plans of the first `count` generations that decode, at most `budget` in
    /// all; returns how many rows they take.
    int plan(Generation[] serving, int count, int budget) {
        int asked = 0;
        int left = budget;
        for (int i = 0; i < count && left > 0; i++) {
            Generation g = serving[i];
            if (g.plan().rows == 0) {
                continue;
            }
            int most = Math.min(left, room(g));
            switch (g.request().speculation().source()) {
                case OFF -> { }
                case PROMPT_LOOKUP -> {
                    g.plan().guesses = PromptLookup.guess(g.history(), most, g.plan().guessed);
                    left -= g.plan().guesses;
                }
                case DRAFT_MODEL -> {
                    g.plan().guesses = most;
                    left -= most;
                    drafting[asked++] = g;
                }
            }
        }
        if (asked > 0) {
            drafter.draft(drafting, asked);
        }
        int used = 0;
        for (int i = 0; i < count; i++) {
            if (serving[i].plan().guesses > 0) {
                cutForbidden(serving[i]);
                used += serving[i].plan().guesses;
            }
        }
        return used;
    }

    /// Tokens worth guessing: the request's wish, less when guesses have been wrong of late, and
    /// never behind the last token that may be drawn.
    private int room(Generation g) {
        int toDraw = Math.min(g.request().maxTokens() - g.progress().drawn(),
                contextLimit - g.history().size());
        return Math.max(0, Math.min(toDraw - 1,
                g.progress().guessesWorth(g.request().speculation().tokens())));
    }

    /// A row for a token that can not be drawn is wasted.
    private void cutForbidden(Generation g) {
        TokenConstraint constraint = g.constraint();
        Generation.Plan plan = g.plan();
        if (constraint == TokenConstraint.FREE) {
            return;
        }
        int allowed = 0;
        while (allowed < plan.guesses && allowsNext(g, plan.guessed[allowed])) {
            constraint.accept(plan.guessed[allowed++]);
        }
        constraint.rollback(allowed);
        plan.guesses = allowed;
    }

    private boolean allowsNext(Generation g, int tokenId) {
        // Behind a token that ends the answer nothing follows, so it is no guess.
        if (tokenId >= mask.vocab() || g.endsWith(tokenId)) {
            return false;
        }
        g.fillMask(mask);
        return mask.allows(tokenId);
    }
}
