package dev.sluice.runtime;

/// What a sampler needs to know about one sequence: its parameters, its tokens, and which of a
/// request's answers it is. Owned by the sequence; engine thread only.
public final class SamplingState {
    private final SamplingParams params;
    private final int choice;
    private final TokenHistory history;
    private final DryBreakers breakers;
    private final Mirostat mirostat;
    /// The steps that do something, in order. An array, since going through a list makes an object
    /// for every token.
    private final SamplerStep[] steps;

    /// @param choice index of the answer, from 0; part of the key of its draws
    public SamplingState(
            SamplingParams params, int choice, TokenHistory history, DryBreakers breakers) {
        this.params = params;
        this.choice = choice;
        this.history = history;
        this.breakers = breakers;
        mirostat = new Mirostat(params.mirostat());
        steps = new SamplerStep[stepsOn(params)];
        int count = 0;
        for (SamplerStep step : params.order()) {
            if (params.isOn(step)) {
                steps[count++] = step;
            }
        }
    }

    public SamplingParams params() { return params; }

    public int choice() { return choice; }

    public TokenHistory history() { return history; }

    DryBreakers breakers() { return breakers; }

    Mirostat mirostat() { return mirostat; }

    SamplerStep[] steps() { return steps; }

    private static int stepsOn(SamplingParams params) {
        int count = 0;
        for (SamplerStep step : params.order()) {
            count += params.isOn(step) ? 1 : 0;
        }
        return count;
    }
}
