package dev.sluice.bridge.chat;

import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.models.tokenizer.Tokenizer.Special;
import dev.sluice.runtime.TokenConstraint;
import dev.sluice.runtime.TokenMask;
import dev.sluice.runtime.toolcall.ToolFormat.Marks;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Closes the thinking of an answer after a number of tokens: then the tokens of the closing mark
/// are the only ones allowed, one after the other. Everything else is another constraint's affair,
/// which sees the same tokens. Engine thread only.
///
///     OUTSIDE --open--> THINKING --budget--> CLOSING --last token of close--> OUTSIDE
///                            \------------- close by itself --------------------^
final class ThinkingBudget implements TokenConstraint {
    /// @param tokens   after which thinking is closed
    /// @param thinking whether the prompt ends inside of thinking
    record Limits(int tokens, Marks marks, boolean thinking) { }

    private enum Phase { OUTSIDE, THINKING, CLOSING }

    /// The state behind a token, kept so that guessed tokens can be taken back.
    ///
    /// @param count of tokens in this thinking, or of closing tokens that came
    /// @param tail  the end of the text, as long as a mark at most
    private record State(Phase phase, int count, String tail) { }

    private final TokenConstraint answer;
    private final Limits limits;
    private final Tokenizer tokenizer;
    private final int[] closing;
    private final List<State> states = new ArrayList<>();

    ThinkingBudget(TokenConstraint answer, Limits limits, Tokenizer tokenizer) {
        this.answer = answer;
        this.limits = limits;
        this.tokenizer = tokenizer;
        closing = tokenizer.encode(limits.marks().close(), Special.PARSE);
        states.add(new State(limits.thinking() ? Phase.THINKING : Phase.OUTSIDE, 0, ""));
    }

    @Override
    public void mask(TokenMask into) {
        State state = states.getLast();
        if (state.phase() == Phase.CLOSING) {
            into.allow(closing[state.count()]);
        } else {
            answer.mask(into);
        }
    }

    @Override
    public void accept(int tokenId) {
        answer.accept(tokenId);
        states.add(after(states.getLast(), tokenId));
    }

    private State after(State state, int tokenId) {
        if (state.phase() == Phase.CLOSING) {
            return state.count() + 1 < closing.length
                    ? new State(Phase.CLOSING, state.count() + 1, "")
                    : new State(Phase.OUTSIDE, 0, "");
        }
        byte[] bytes = tokenizer.bytes(tokenId);
        // A mark is ASCII or whole characters, so bytes that are no text can not hide one.
        String text = state.tail() + (bytes.length == 0 ? tokenizer.name(tokenId)
                : new String(bytes, StandardCharsets.UTF_8));
        boolean thinking = state.phase() == Phase.THINKING;
        if (text.contains(thinking ? limits.marks().close() : limits.marks().open().strip())) {
            return new State(thinking ? Phase.OUTSIDE : Phase.THINKING, 0, "");
        }
        int longest = Math.max(limits.marks().open().length(), limits.marks().close().length());
        String tail = text.substring(Math.max(0, text.length() - longest));
        if (thinking && state.count() + 1 >= limits.tokens()) {
            return new State(Phase.CLOSING, 0, "");
        }
        return new State(state.phase(), thinking ? state.count() + 1 : 0, tail);
    }

    @Override
    public void rollback(int tokens) {
        answer.rollback(tokens);
        for (int i = 0; i < tokens; i++) {
            states.removeLast();
        }
    }

    @Override
    public boolean mayEnd() {
        return states.getLast().phase() != Phase.CLOSING && answer.mayEnd();
    }
}
