package dev.sluice.bridge.chat;

import dev.sluice.bridge.api.ApiException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;

/// The pieces of several answers in the order in which they come. Each answer has a virtual thread
/// that waits for it; one thread takes.
public final class ChoiceQueue {
    /// @param choice index in the list
    /// @param piece  empty when the answer has ended
    /// @param error  why reading failed
    public record Entry(int choice, Optional<ChoiceReader.Piece> piece,
            Optional<RuntimeException> error) {}

    private final BlockingQueue<Entry> entries = new LinkedBlockingQueue<>();
    private int open;

    public ChoiceQueue(List<ChoiceReader> choices) {
        open = choices.size();
        for (int i = 0; i < choices.size(); i++) {
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
        Entry entry;
        try {
            entry = entries.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while reading answers");
        }
        if (entry.error().isPresent()) {
            throw entry.error().get();
        }
        if (entry.piece().isEmpty()) {
            open--;
        }
        return entry;
    }
}
