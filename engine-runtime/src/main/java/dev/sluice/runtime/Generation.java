package dev.sluice.runtime;

import dev.sluice.runtime.cache.KvSequence;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// One accepted request on its way: its tokens so far, where its keys and values are, what it may
/// not draw, and when things happened. [TokenLoop] moves it on. Engine thread only.
final class Generation {
    private static final int[] NONE = {};

    private final GenerateRequest request;
    private final TokenStream stream;
    private final KvSequence sequence;
    private final TokenHistory history;
    private final SamplingState sampling;
    private final Set<Integer> endOfGeneration;
    private final int[] bannedAtFirst;
    private final int[] bannedLater;
    private final long submittedNanos;
    private long startedNanos;
    private long firstTokenNanos;
    private long lastTokenNanos;
    private int cachedTokens;
    private int drawn;

    Generation(GenerateRequest request, TokenStream stream, KvSequence sequence,
            DryBreakers breakers, Set<Integer> endOfGeneration) {
        this.request = request;
        this.stream = stream;
        this.sequence = sequence;
        this.endOfGeneration = endOfGeneration;
        history = new TokenHistory(request.promptIds());
        sampling = new SamplingState(request.sampling(), request.choice(), history, breakers);
        bannedLater = request.sampling().ignoreEos() ? ids(endOfGeneration, Set.of()) : NONE;
        bannedAtFirst = ids(endOfGeneration, request.stopIds());
        submittedNanos = System.nanoTime();
        startedNanos = submittedNanos;
    }

    GenerateRequest request() { return request; }

    TokenStream stream() { return stream; }

    KvSequence sequence() { return sequence; }

    TokenHistory history() { return history; }

    SamplingState sampling() { return sampling; }

    /// Notes the first step, and how much of the prompt was there already.
    void start(int cached) {
        startedNanos = System.nanoTime();
        cachedTokens = cached;
    }

    /// Tokens that the next draw may not give.
    int[] banned() {
        return drawn < request.sampling().minTokens() ? bannedAtFirst : bannedLater;
    }

    boolean endsWith(int tokenId) {
        return endOfGeneration.contains(tokenId) || request.stopIds().contains(tokenId);
    }

    /// Notes a token that was drawn.
    void drawn(int tokenId) {
        history.add(tokenId);
        drawn++;
        lastTokenNanos = System.nanoTime();
        if (drawn == 1) {
            firstTokenNanos = lastTokenNanos;
        }
    }

    int drawn() { return drawn; }

    Usage usage() {
        long prefill = drawn > 0 ? firstTokenNanos - startedNanos : 0;
        return new Usage(request.promptIds().length, cachedTokens, drawn,
                startedNanos - submittedNanos, prefill, lastTokenNanos - firstTokenNanos);
    }

    private static int[] ids(Set<Integer> some, Set<Integer> others) {
        List<Integer> all = new ArrayList<>(some);
        all.addAll(others);
        int[] ids = new int[all.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = all.get(i);
        }
        return ids;
    }
}
