package dev.sluice.runtime;

import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.TokenEvent.Token;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/// An answer's text, piece by piece as it is generated. It can be read once, by one thread;
/// [#cancel] from any.
///
/// ```java
/// for (String piece : sluice.chat("Why is the sky blue?")) System.out.print(piece);
/// ```
public final class Answer implements Iterable<String> {
    /// Told the whole text when the answer ends, however it ends.
    interface Listener {
        void ended(String text);
    }

    private final TokenStream stream;
    private final Listener listener;
    private final StringBuilder text = new StringBuilder();
    private Optional<Finished> finished = Optional.empty();
    private boolean ended;

    Answer(TokenStream stream, Listener listener) {
        this.stream = stream;
        this.listener = listener;
    }

    /// The pieces not read yet. None is empty.
    ///
    /// Reading throws [GenerationFailed] if the answer breaks off, and [CancellationException],
    /// with the answer cancelled, if the reading thread is interrupted.
    @Override
    public Iterator<String> iterator() {
        return new Iterator<>() {
            private String next = "";

            @Override
            public boolean hasNext() {
                while (next.isEmpty() && !ended) {
                    next = advance();
                }
                return !next.isEmpty();
            }

            @Override
            public String next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("the answer has ended");
                }
                String piece = next;
                next = "";
                return piece;
            }
        };
    }

    /// Reads to the end and returns the whole text.
    public String text() {
        while (!ended) {
            advance();
        }
        return text.toString();
    }

    /// Stops the generation at the next token; reading then comes to its end.
    public void cancel() {
        stream.cancel();
    }

    /// How it ended: empty until it has been read to its end, and when it failed.
    public Optional<Finished> finished() { return finished; }

    /// The seed of its draws: with it and the same settings the answer comes again.
    public long seed() { return stream.seed(); }

    private String advance() {
        return switch (take()) {
            case Token(int _, String piece, var _) -> {
                text.append(piece);
                yield piece;
            }
            case Finished last -> {
                text.append(last.text());
                finished = Optional.of(last);
                end();
                yield last.text();
            }
            case Failed(var failure, String message) -> {
                end();
                throw new GenerationFailed(failure, message);
            }
        };
    }

    private void end() {
        ended = true;
        listener.ended(text.toString());
    }

    private TokenEvent take() {
        try {
            return stream.take();
        } catch (InterruptedException e) {
            stream.cancel();
            end();
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while reading an answer");
        }
    }
}
