package dev.sluice.runtime;

import dev.sluice.runtime.cache.CacheSpace;
import dev.sluice.runtime.cache.KvSequence;
import dev.sluice.runtime.schedule.Job;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// One answer on its way: its tokens so far, where its keys and values are, what it may not draw,
/// and when things happened. [TokenLoop] moves it on. Engine thread only once accepted.
///
///     waiting   no pages: not begun, preempted, or blocked until another has computed its prefix
///     prefill   some of the tokens before the next draw are not computed
///     decode    one is not: the token drawn last
final class Generation {
    private static final int[] NONE = {};

    private final GenerateRequest request;
    private final TokenStream stream;
    private final CacheSpace space;
    private final Job job;
    private final TokenHistory history;
    private final SamplingState sampling;
    private final StopMatcher stops;
    private final TokenConstraint constraint;
    private final int[] ends;
    private final int[] bannedAtFirst;
    private final int[] bannedLater;
    private final Progress progress;
    private final Plan plan = new Plan();
    private final KvSequence sequence;
    private List<Generation> siblings = List.of();
    private Branch branch = Branch.NONE;
    private int expectedTokens;
    private int chargedPages;
    private boolean attached;
    private boolean loading;
    private boolean roomless;
    private Generation leader;
    private int leaderTokens;
    private boolean followed;
    private boolean ended;
    private Optional<TokenEvent> ending = Optional.empty();

    /// What a choice of a request is made of: the parts that the request's thread has prepared.
    record Parts(TokenStream stream, StopMatcher stops, DryBreakers breakers,
            Set<Integer> endOfGeneration, KvSequence sequence, Job job, CacheSpace space) {}

    /// Whether a plan's first token has been drawn.
    enum Draw { OPEN, MADE }

    /// Rows of the step that is being put together.
    static final class Plan {
        /// Rows for tokens of the history, from the sequence's end on.
        int rows;
        /// Rows for guessed tokens behind them.
        int guesses;
        /// Row of the step's logits where this generation's begin.
        int logitsRow;
        final int[] guessed = new int[Speculation.TOKENS_MAX];
        /// The token drawn from the first of these rows, once it is.
        int drawn;
        Draw draw = Draw.OPEN;

        void clear() {
            rows = 0;
            guesses = 0;
            draw = Draw.OPEN;
        }
    }

    Generation(GenerateRequest request, Parts parts) {
        this.request = request;
        stream = parts.stream();
        stops = parts.stops();
        sequence = parts.sequence();
        job = parts.job();
        space = parts.space();
        constraint = request.constraint().get();
        history = new TokenHistory(request.promptIds());
        sampling = new SamplingState(
                request.sampling(), request.choice(), history, parts.breakers());
        Set<Integer> endOfGeneration = parts.endOfGeneration();
        ends = ids(endOfGeneration, request.stopIds());
        bannedLater = request.sampling().ignoreEos() ? ids(endOfGeneration, Set.of()) : NONE;
        bannedAtFirst = ends;
        progress = new Progress(request.promptIds().length, job.arrival());
    }

    GenerateRequest request() { return request; }

    TokenStream stream() { return stream; }

    CacheSpace space() { return space; }

    Job job() { return job; }

    TokenHistory history() { return history; }

    SamplingState sampling() { return sampling; }

    StopMatcher stops() { return stops; }

    TokenConstraint constraint() { return constraint; }

    KvSequence sequence() { return sequence; }

    Progress progress() { return progress; }

    Plan plan() { return plan; }

    boolean decoding() { return attached && missing() == 1 && progress.drawn() > 0; }

    /// Tokens it should have at its end.
    int expectedTokens() { return expectedTokens; }

    void expect(int decoded) { expectedTokens = history.size() + decoded; }

    /// Pages that count against its client's quota.
    int chargedPages() { return chargedPages; }

    void chargedPages(int pages) { chargedPages = pages; }

    /// Most tokens that it and the choices that go on from its prompt can have together.
    int mostTokens(int contextLimit) {
        int prompt = request.promptIds().length;
        int answer = Math.min(request.maxTokens(), contextLimit - prompt);
        return prompt + answer * (1 + siblings.size());
    }

    /// Tokens that have to be computed before the next draw.
    int missing() { return history.size() - sequence.length(); }

    boolean attached() { return attached; }

    void attached(boolean holds) { attached = holds; }

    boolean ended() { return ended; }

    void end() { ended = true; }

    /// Whether pages of its prefix are being read from a tier.
    boolean loading() { return loading; }

    void loading(boolean reads) { loading = reads; }

    /// Whether it waits until someone gives pages back.
    boolean roomless() { return roomless; }

    void roomless(boolean waits) { roomless = waits; }

    /// Waits until `other` has computed its first `tokens` tokens.
    void follow(Generation other, int tokens) {
        leader = other;
        leaderTokens = tokens;
        other.followed = true;
    }

    /// Whether someone waits, or has waited, for its prompt.
    boolean followed() { return followed; }

    void unfollow() {
        leader = null;
    }

    boolean following() { return leader != null; }

    /// Whether what it waits for can be had, or will not come.
    boolean followedLongEnough(int pageSize) {
        boolean gone = leader.ended || !leader.attached || leader.plan.rows == 0;
        int published = leader.missing() <= 1 ? leader.sequence.length()
                : leader.sequence.length() / pageSize * pageSize;
        return gone || published >= leaderTokens;
    }

    /// Choices that go on from this one's prompt once it is computed.
    List<Generation> siblings() { return siblings; }

    void siblings(List<Generation> others) { siblings = others; }

    /// What keeps its tokens when it is over.
    Branch branch() { return branch; }

    void branch(Branch kept) { branch = kept; }

    /// Tokens that the next draw may not give.
    int[] banned() {
        return progress.drawn() < request.sampling().minTokens() ? bannedAtFirst : bannedLater;
    }

    /// The tokens that end it, ascending.
    int[] ends() { return ends; }

    boolean endsWith(int tokenId) { return Arrays.binarySearch(ends, tokenId) >= 0; }

    /// The event that ends it once its tokens are kept.
    Optional<TokenEvent> ending() { return ending; }

    void ending(TokenEvent event) { ending = Optional.of(event); }

    /// What the constraint allows next, in `into`.
    void fillMask(TokenMask into) {
        into.forbidAll();
        constraint.mask(into);
        boolean mayEnd = constraint.mayEnd();
        for (int id : ends) {
            if (mayEnd) {
                into.allow(id);
            } else {
                into.forbid(id);
            }
        }
    }

    Usage usage() { return progress.usage(); }

    private static int[] ids(Set<Integer> some, Set<Integer> others) {
        int[] ids = new int[some.size() + others.size()];
        int count = 0;
        for (int id : some) {
            ids[count++] = id;
        }
        for (int id : others) {
            ids[count++] = id;
        }
        Arrays.sort(ids);
        return ids;
    }
}
