package dev.sluice.bridge.chat;

import dev.sluice.bridge.observe.ObservedRequest;
import dev.sluice.bridge.observe.TokenObserver;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.Logprob;
import dev.sluice.runtime.TokenEvent;
import dev.sluice.runtime.TokenEvent.Failed;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.TokenEvent.Token;
import dev.sluice.runtime.TokenStream;
import dev.sluice.runtime.toolcall.MessageEvent;
import dev.sluice.runtime.toolcall.MessageReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.IntConsumer;

/// Reads one answer: tokens in, what they mean out. One thread; [#cancel] from any. Made on the
/// thread of the request that it belongs to, which is told when tokens come.
public final class ChoiceReader {
    private final TokenStream stream;
    private final MessageReader reader;
    private final Tokenizer tokenizer;
    private final boolean plain;
    private final TokenObserver observer;
    private Optional<Finished> finished = Optional.empty();
    /// Whether the last token that showed anything was part of the thinking.
    private boolean reasoning;
    private int reasoningTokens;

    /// A reader that takes the text apart.
    ///
    /// @param inReasoning whether the answer begins inside of reasoning
    ChoiceReader(TokenStream stream, MessageReader reader, Tokenizer tokenizer,
            boolean inReasoning) {
        this(stream, reader, tokenizer, false, inReasoning);
    }

    private ChoiceReader(TokenStream stream, MessageReader reader, Tokenizer tokenizer,
            boolean plain, boolean inReasoning) {
        this.stream = stream;
        this.reader = reader;
        this.tokenizer = tokenizer;
        this.plain = plain;
        reasoning = inReasoning;
        observer = ObservedRequest.observer(stream);
    }

    /// Reads an answer whose text is all content.
    public static ChoiceReader plain(TokenStream stream, Tokenizer tokenizer) {
        return new ChoiceReader(stream, MessageReader.plain(), tokenizer, true, false);
    }

    /// What one token brought.
    ///
    /// @param events   possibly none
    /// @param logprobs of the token, if they were asked for
    /// @param tokenIds the token; none at the end
    public record Piece(List<MessageEvent> events, List<Logprob> logprobs,
            List<Integer> tokenIds) {}

    /// Waits for the next token. After the last piece [#finished] is there.
    ///
    /// @throws dev.sluice.bridge.api.ApiException if the engine fails
    public Piece next() {
        var events = new ArrayList<MessageEvent>();
        return switch (take()) {
            case Token(int id, String text, var logprobs) -> {
                observer.token();
                // Formats mark calls by control tokens, which are no part of plain text.
                String all = !plain && tokenizer.isControl(id) && text.isEmpty()
                        && !tokenizer.endOfGeneration().contains(id)
                        ? tokenizer.name(id) : text;
                reader.push(all, events::add);
                count(events);
                yield new Piece(events, logprobs, List.of(id));
            }
            case Finished last -> {
                reader.push(last.text(), events::add);
                reader.finish(events::add);
                finished = Optional.of(last);
                yield new Piece(events, List.of(), List.of());
            }
            case Failed failed -> throw ChatRun.failure(failed);
        };
    }

    /// A token that shows nothing yet counts to what the one before it was part of.
    private void count(List<MessageEvent> events) {
        reasoning = events.isEmpty() ? reasoning
                : events.getLast() instanceof MessageEvent.Reasoning;
        reasoningTokens += reasoning ? 1 : 0;
    }

    /// Waits for the first token and tells meanwhile how many tokens of the prompt are there;
    /// at last that all of them are.
    public void awaitPrompt(IntConsumer computed) {
        try {
            int known = 0;
            while (!stream.ready()) {
                int now = stream.awaitPrompt(known);
                if (now > known) {
                    computed.accept(now);
                    known = now;
                }
            }
            computed.accept(Integer.MAX_VALUE);
        } catch (InterruptedException e) {
            stream.cancel();
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while waiting for an answer");
        }
    }

    private TokenEvent take() {
        try {
            return stream.take();
        } catch (InterruptedException e) {
            stream.cancel();
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while reading an answer");
        }
    }

    /// How the answer ended, once it has.
    public Optional<Finished> finished() { return finished; }

    /// Tokens so far that were thinking, marks and all.
    public int reasoningTokens() { return reasoningTokens; }

    public int index() { return stream.choice(); }

    public void cancel() {
        stream.cancel();
    }
}
