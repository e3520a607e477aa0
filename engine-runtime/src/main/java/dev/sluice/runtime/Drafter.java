package dev.sluice.runtime;

/// Guesses the next tokens of several sequences at once. Engine thread only.
interface Drafter extends AutoCloseable {
    /// Guesses nothing.
    Drafter NONE = new Drafter() {
        @Override
        public void draft(Generation[] generations, int count) { }

        @Override
        public void forget(Generation generation) { }

        @Override
        public void close() { }
    };

    /// Fills the plans of the first `count` generations: up to `plan.guesses` tokens each on entry,
    /// as many as were found on return.
    void draft(Generation[] generations, int count);

    /// A generation has ended.
    void forget(Generation generation);

    @Override
    void close();
}
