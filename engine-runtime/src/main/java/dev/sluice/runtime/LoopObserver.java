package dev.sluice.runtime;

import dev.sluice.kernels.Matrix;

/// Watches the token loop from inside, for tests. Engine thread.
interface LoopObserver {
    /// Watches nothing.
    LoopObserver NONE = new LoopObserver() {
        @Override
        public void logits(Generation generation, Matrix logits, int row) { }

        @Override
        public void stepped(TokenLoop loop) { }
    };

    /// Row `row` of `logits` is what the next token of `generation` is drawn from.
    void logits(Generation generation, Matrix logits, int row);

    /// A step is over, with or without rows.
    void stepped(TokenLoop loop);
}
