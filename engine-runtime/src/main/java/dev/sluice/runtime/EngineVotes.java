package dev.sluice.runtime;

import dev.sluice.runtime.TokenEvent.Finished;
import java.util.ArrayList;
import java.util.List;

/// Casts the votes of a [Vote] with an engine: one prefill, each vote a fork that draws with its
/// own index, the first one greedy (MAKER, arXiv 2511.09030). One thread.
///
/// ```java
/// var request = GenerateRequest.of(promptIds, 50, SamplingParams.defaults().withSeed(1));
/// VoteOutcome outcome = EngineVotes.decide(
///         engine, request, new FirstToAhead(3), RedFlags.longerThan(40), 100);
/// ```
public final class EngineVotes implements VoteSource {
    private final Engine engine;
    private final GenerateRequest request;
    private final List<TokenStream> votes = new ArrayList<>();

    private EngineVotes(Engine engine, GenerateRequest request) {
        this.engine = engine;
        this.request = request;
    }

    /// Asks until one answer is ahead or `votesMax` votes are cast.
    ///
    /// @throws RequestRejected  if the votes can not be served
    /// @throws GenerationFailed if a vote breaks off; the others are cancelled then
    public static VoteOutcome decide(Engine engine, GenerateRequest request, FirstToAhead rule,
            RedFlags flags, int votesMax) throws InterruptedException {
        var source = new EngineVotes(engine, request);
        var vote = new Vote(rule, flags, votesMax, source);
        boolean decided = false;
        try {
            VoteOutcome outcome = vote.start();
            for (int next = 0; next < source.votes.size(); next++) {
                Completion one = Completion.read(source.votes.get(next));
                outcome = vote.report(next, ballot(one));
                if (!(outcome instanceof VoteOutcome.Open)) {
                    break;
                }
            }
            decided = true;
            return outcome;
        } finally {
            if (!decided) {
                source.cancel();
            }
        }
    }

    private static Ballot ballot(Completion one) {
        Finished end = one.end();
        return switch (end.reason()) {
            case STOP -> new Ballot.Answered(one.text(), one.tokens());
            case LENGTH, CONTEXT_FULL, CANCELLED, DEADLINE -> new Ballot.Cut(one.tokens());
        };
    }

    /// The greedy vote is a request of its own; the others share its prompt's pages, either because
    /// they are there already or because they wait for them.
    @Override
    public void start(int first, int count) {
        int from = first;
        if (first == 0) {
            votes.add(engine.submit(
                    request.withSampling(request.sampling().withTemperature(0)).withChoice(0)));
            from = 1;
        }
        if (from < first + count) {
            votes.addAll(engine.submit(request.withChoice(from), first + count - from));
        }
    }

    @Override
    public void cancel() {
        votes.forEach(TokenStream::cancel);
    }
}
