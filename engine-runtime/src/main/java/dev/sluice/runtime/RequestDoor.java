package dev.sluice.runtime;

import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.RequestRejected.Reason;
import dev.sluice.runtime.cache.CacheSpace;
import dev.sluice.runtime.cache.KvCache;
import dev.sluice.runtime.schedule.Job;
import dev.sluice.runtime.schedule.PageQuotas;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/// Checks requests before they are queued, and makes what they need so that the engine's thread
/// need not. Any thread.
final class RequestDoor {
    private record Breakers(List<String> texts, DryBreakers tokens) {}

    private final Tokenizer tokenizer;
    private final KvCache cache;
    private final int vocab;
    private final boolean drafts;
    private final PageQuotas quotas;
    private final LongSupplier clock;
    private volatile Breakers breakers = new Breakers(List.of(), DryBreakers.NONE);

    /// @param drafts  whether there is a draft model
    /// @param quotas  of which only [PageQuotas#most] is asked here
    RequestDoor(Tokenizer tokenizer, KvCache cache, int vocab, boolean drafts,
            PageQuotas quotas, LongSupplier clock) {
        this.tokenizer = tokenizer;
        this.cache = cache;
        this.vocab = vocab;
        this.drafts = drafts;
        this.quotas = quotas;
        this.clock = clock;
    }

    /// The generations of a request's choices, in order.
    List<Generation> prepare(GenerateRequest request, int choices) {
        check(request, choices);
        var patterns = request.stopStrings().isEmpty()
                ? StopMatcher.Patterns.NONE : new StopMatcher.Patterns(request.stopStrings());
        int room = cache.contextLimit() - request.promptIds().length;
        long now = clock.getAsLong();
        var space = request.cacheSalt().isEmpty() ? CacheSpace.SHARED
                : new CacheSpace("", request.cacheSalt());
        var made = new ArrayList<Generation>(choices);
        for (int i = 0; i < choices; i++) {
            GenerateRequest one = i == 0 ? request
                    : request.withChoice(request.choice() + i);
            var stream = new TokenStream(Math.min(request.maxTokens(), room),
                    new TextDecoder(tokenizer, patterns), request.sampling().seed(),
                    one.choice());
            made.add(new Generation(one, new Generation.Parts(stream, new StopMatcher(patterns),
                    breakersOf(request.sampling().dry()), tokenizer.endOfGeneration(),
                    cache.open(space), new Job(request.hints().job(now), now), space)));
        }
        return made;
    }

    private void check(GenerateRequest request, int choices) {
        int prompt = request.promptIds().length;
        if (prompt >= cache.contextLimit()) {
            throw new RequestRejected(Reason.CONTEXT_LENGTH_EXCEEDED,
                    "the prompt has %d tokens, the context holds %d, one of them for the answer"
                            .formatted(prompt, cache.contextLimit()));
        }
        if (choices < 1) {
            throw new RequestRejected(Reason.INVALID_REQUEST,
                    "choices=" + choices + ", allowed: at least 1");
        }
        if (request.speculation().source() == Speculation.Source.DRAFT_MODEL && !drafts) {
            throw new RequestRejected(Reason.INVALID_REQUEST,
                    "speculation: the engine was started without a draft model");
        }
        checkQuota(request, choices);
        for (int i = 0; i < prompt; i++) {
            checkId("promptIds", request.promptIds()[i]);
        }
        for (Map.Entry<Integer, Float> bias : request.sampling().logitBias().entrySet()) {
            checkId("logitBias", bias.getKey());
        }
        for (int stopId : request.stopIds()) {
            checkId("stopIds", stopId);
        }
    }

    private void checkQuota(GenerateRequest request, int choices) {
        int prompt = request.promptIds().length;
        int answer = Math.min(request.maxTokens(), cache.contextLimit() - prompt);
        int pages = cache.pagesOf(prompt + answer * choices);
        int most = quotas.most(request.hints().quotaPath());
        if (pages > most) {
            throw new RequestRejected(Reason.INVALID_REQUEST,
                    "%s may hold %d KV pages; this request needs up to %d"
                    .formatted(request.hints().quotaPath(), most, pages));
        }
    }

    private void checkId(String field, int tokenId) {
        if (tokenId < 0 || tokenId >= vocab) {
            throw new RequestRejected(Reason.INVALID_REQUEST,
                    "%s: token %d, allowed: 0 to %d".formatted(field, tokenId, vocab - 1));
        }
    }

    /// Reading the vocabulary takes a while, so the last list of texts is kept.
    private DryBreakers breakersOf(SamplingParams.Dry dry) {
        if (!dry.on() || dry.breakers().isEmpty()) {
            return DryBreakers.NONE;
        }
        Breakers last = breakers;
        if (!last.texts().equals(dry.breakers())) {
            last = new Breakers(dry.breakers(), DryBreakers.of(dry.breakers(), tokenizer));
            breakers = last;
        }
        return last.tokens();
    }
}
