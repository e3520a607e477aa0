package dev.sluice.bridge.chat;

import dev.sluice.bridge.api.ApiException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;

/// The pieces of several answers in the order in which they come; one thread takes. Each answer has
/// a virtual thread that waits for it, but for a lone one, for which the taker waits itself: one
/// thread fewer to wake for each token.
public final class ChoiceQueue {
    /// @param choice index in the list
    /// @param piece  empty when the answer has ended
    /// @param error  why reading failed
    public record Entry(int choice, Optional<ChoiceReader.Piece> piece,
            Optional<RuntimeException> error) {}

    private final BlockingQueue<Entry> entries = new LinkedBlockingQueue<>();
    private final List<ChoiceReader> choices;
    private int open;

    public ChoiceQueue(List<ChoiceReader> choices) {
        this.choices = choices;
        open = choices.size();
        for (int i = 0; i < choices.size() && choices.size() > 1; i++) {
            int index = i;
            Thread.ofVirtual().name("choice-" + i).start(() -> read(index, choices.get(index)));
        }
    }

    private void read(int index, ChoiceReader choice) {
        try {
            while (choice.finished().isEmpty()) {
                entries.add(new Entry(index, Optional.of(choice.next()), Optional.empty()));
            }
            entries.add(new Entry(index, Optional.empty(), Optional.empty()));
        } catch (RuntimeException e) {
            entries.add(new Entry(index, Optional.empty(), Optional.of(e)));
        }
    }

    /// Whether an answer has not ended.
    public boolean isOpen() { return open > 0; }

    /// Waits for the next piece of any answer.
    ///
    /// @throws ApiException if one of them failed
    public Entry take() {
        Entry entry = choices.size() == 1 ? next(choices.getFirst()) : await();
        if (entry.error().isPresent()) {
            throw entry.error().get();
        }
        if (entry.piece().isEmpty()) {
            open--;
        }
        return entry;
    }

    private static Entry next(ChoiceReader lone) {
        return new Entry(0, lone.finished().isEmpty() ? Optional.of(lone.next())
                : Optional.empty(), Optional.empty());
    }

    private Entry await() {
        try {
            return entries.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while reading answers");
        }
    }
}
