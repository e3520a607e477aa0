package dev.sluice.runtime;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Asks one question until one answer is `k` votes ahead (MAKER, arXiv 2511.09030). Owned by the
/// thread that reports to it.
///
///     start -> [votes 0 ..] -> report, report, ... -> more votes | decision -> cancel the rest
///
/// At any time as many votes are on their way as the decision needs at least, `k - lead`: so none
/// is wasted, and as many run side by side as can. Votes beyond that (`ahead`) buy time with
/// tokens.
///
/// Ballots are counted in the order of their index, whatever the order in which they end: short
/// answers get no advantage, and the outcome does not depend on what else the engine does.
public final class Vote {
    private final FirstToAhead rule;
    private final RedFlags flags;
    private final int votesMax;
    private final int ahead;
    private final VoteSource source;
    /// What each vote says once it is reported; flagged ones say nothing.
    private final List<Optional<Optional<String>>> ballots = new ArrayList<>();
    private final Map<String, Tally> tallies = new LinkedHashMap<>();
    private int counted;
    private int valid;
    private int flagged;
    private Tally leader = new Tally("", 0);
    private Tally second = new Tally("", 0);
    private VoteOutcome outcome = new VoteOutcome.Open(0, 0);

    private static final class Tally {
        final String answer;
        final int first;
        int votes;

        Tally(String answer, int first) {
            this.answer = answer;
            this.first = first;
        }
    }

    /// A vote that wastes nothing.
    ///
    /// @param votesMax votes that may be started in all, flagged ones included
    public Vote(FirstToAhead rule, RedFlags flags, int votesMax, VoteSource source) {
        this(rule, flags, votesMax, 0, source);
    }

    /// @param ahead votes started beyond those that the decision needs at least; the decision
    ///              cancels what is left of them
    public Vote(FirstToAhead rule, RedFlags flags, int votesMax, int ahead, VoteSource source) {
        if (votesMax < rule.k() || ahead < 0) {
            throw new IllegalArgumentException("votesMax=" + votesMax + " ahead=" + ahead
                    + ", allowed: votesMax at least k=" + rule.k() + ", ahead at least 0");
        }
        this.rule = rule;
        this.flags = flags;
        this.votesMax = votesMax;
        this.ahead = ahead;
        this.source = source;
    }

    /// Starts the first votes.
    public VoteOutcome start() {
        if (!ballots.isEmpty()) {
            throw new IllegalStateException("the vote has been started");
        }
        return proceed();
    }

    public VoteOutcome outcome() { return outcome; }

    /// One vote ended. May start more votes; cancels those under way with the decision. What is
    /// reported after the decision changes nothing.
    public VoteOutcome report(int vote, Ballot ballot) {
        if (vote < 0 || vote >= ballots.size() || ballots.get(vote).isPresent()) {
            throw new IllegalArgumentException("vote " + vote + " of " + ballots.size()
                    + " is reported twice or was never started");
        }
        Optional<String> answer = flags.read(ballot);
        ballots.set(vote, Optional.of(answer));
        return switch (outcome) {
            case VoteOutcome.Open _ -> {
                flagged += answer.isEmpty() ? 1 : 0;
                yield proceed();
            }
            case VoteOutcome.Decided _, VoteOutcome.Undecided _ -> outcome;
        };
    }

    private VoteOutcome proceed() {
        boolean decided = count();
        if (!decided) {
            refill();
        }
        int votes = ballots.size();
        boolean over = decided || counted == votes;
        if (decided && counted < votes) {
            source.cancel();
        }
        if (decided) {
            outcome = new VoteOutcome.Decided(leader.answer, leader.first, votes, flagged);
        } else if (over) {
            outcome = new VoteOutcome.Undecided(leader.answer, lead(), votes, flagged);
        } else {
            outcome = new VoteOutcome.Open(votes, flagged);
        }
        return outcome;
    }

    /// Counts the ballots up to the first that is missing or decides; returns whether one did.
    private boolean count() {
        while (lead() < rule.k() && counted < ballots.size()
                && ballots.get(counted).isPresent()) {
            Optional<String> answer = ballots.get(counted).get();
            if (answer.isPresent()) {
                add(answer.get(), counted);
            }
            counted++;
        }
        return lead() >= rule.k();
    }

    private void add(String answer, int ballot) {
        valid++;
        Tally tally = tallies.computeIfAbsent(answer, text -> new Tally(text, ballot));
        tally.votes++;
        if (tally != leader && tally.votes > leader.votes) {
            second = leader;
            leader = tally;
        } else if (tally != leader && tally.votes > second.votes) {
            second = tally;
        }
    }

    private int lead() {
        return leader.votes - second.votes;
    }

    /// Of the votes started, those that are flagged do not count; all others that were not counted
    /// may be for the leader.
    private void refill() {
        int open = ballots.size() - flagged - valid;
        int wanted = rule.k() - lead() + ahead - open;
        int first = ballots.size();
        int count = Math.min(wanted, votesMax - first);
        if (count > 0) {
            for (int i = 0; i < count; i++) {
                ballots.add(Optional.empty());
            }
            source.start(first, count);
        }
    }
}
