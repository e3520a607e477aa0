package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: votes decide as first-to-ahead-by-k, cost what the theory says, and nothing is started or
/// decoded after the decision. Method: a source that answers at random and in any order.
final class VoteTest {
    /// Keeps what runs; a test takes ballots out of it in any order.
    private static final class Urn implements VoteSource {
        final List<Integer> running = new ArrayList<>();
        int started;
        int cancelled;

        @Override
        public void start(int first, int count) {
            assertEquals(started, first, "votes are numbered without a gap");
            for (int i = 0; i < count; i++) {
                running.add(started++);
            }
        }

        @Override
        public void cancel() {
            cancelled += running.size();
            running.clear();
        }
    }

    private static Vote vote(int k, int votesMax, Urn urn) {
        return new Vote(new FirstToAhead(k), RedFlags.longerThan(100), votesMax, urn);
    }

    private static Ballot.Answered says(String text) {
        return new Ballot.Answered(text, 10);
    }

    private static VoteOutcome report(Vote vote, Urn urn, String text) {
        return vote.report(urn.running.removeFirst(), says(text));
    }

    @Test
    void unanimous_votes_need_k() {
        var urn = new Urn();
        Vote vote = vote(3, 100, urn);
        vote.start();
        assertEquals(List.of(0, 1, 2), urn.running);
        report(vote, urn, "a");
        report(vote, urn, " a\n");
        assertEquals(new VoteOutcome.Decided("a", 0, 3, 0), report(vote, urn, "a"));
    }

    @Test
    void a_lead_over_the_second_decides() {
        var urn = new Urn();
        Vote vote = vote(2, 100, urn);
        vote.start();
        report(vote, urn, "a");
        report(vote, urn, "b");
        assertEquals(4, urn.started, "the lead is gone: two more");
        report(vote, urn, "c");
        assertEquals(5, urn.started, "three answers are level: one on its way and one more");
        report(vote, urn, "c");
        VoteOutcome decided = report(vote, urn, "c");
        assertEquals(new VoteOutcome.Decided("c", 2, 5, 0), decided);
    }

    /// The lead is over the second, not over whoever spoke last.
    @Test
    void a_third_answer_changes_no_lead() {
        var urn = new Urn();
        Vote vote = vote(2, 100, urn);
        vote.start();
        for (String text : List.of("a", "b", "a", "b", "a", "c")) {
            assertEquals(VoteOutcome.Open.class, report(vote, urn, text).getClass(), text);
        }
        assertEquals(new VoteOutcome.Decided("a", 0, 7, 0), report(vote, urn, "a"));
    }

    @Test
    void flagged_votes_are_asked_anew() {
        var urn = new Urn();
        var flags = new RedFlags(100, text -> text.startsWith("move ")
                ? Optional.of(text.substring(5)) : Optional.empty());
        var vote = new Vote(new FirstToAhead(2), flags, 10, urn);
        vote.start();
        vote.report(urn.running.removeFirst(), new Ballot.Cut(101));
        vote.report(urn.running.removeFirst(), new Ballot.Answered("move a", 101));
        vote.report(urn.running.removeFirst(), says("I move a"));
        assertEquals(List.of(3, 4), urn.running);
        report(vote, urn, "move a");
        assertEquals(new VoteOutcome.Decided("a", 3, 5, 3), report(vote, urn, "move a"));
    }

    @Test
    void the_limit_ends_a_vote_without_a_winner() {
        var urn = new Urn();
        Vote vote = vote(3, 5, urn);
        vote.start();
        VoteOutcome outcome = vote.outcome();
        for (String text : List.of("a", "b", "a", "b", "a")) {
            outcome = report(vote, urn, text);
        }
        assertEquals(new VoteOutcome.Undecided("a", 1, 5, 0), outcome);
        assertEquals(0, urn.running.size());
    }

    @Test
    void votes_ahead_are_cancelled_with_the_decision() {
        var urn = new Urn();
        var vote = new Vote(new FirstToAhead(2), RedFlags.longerThan(100), 100, 3, urn);
        vote.start();
        assertEquals(5, urn.started);
        int late = urn.running.getLast();
        report(vote, urn, "a");
        VoteOutcome decided = report(vote, urn, "a");
        assertEquals("a", ((VoteOutcome.Decided) decided).answer());
        assertEquals(3, urn.cancelled, "in the same call");
        assertEquals(decided, vote.report(late, says("b")), "too late");
        assertEquals(5, urn.started);
    }

    @Test
    void wrong_reports_are_refused() {
        var urn = new Urn();
        Vote vote = vote(2, 10, urn);
        vote.start();
        assertThrows(IllegalArgumentException.class, () -> vote.report(2, says("a")));
        vote.report(1, says("a"));
        assertThrows(IllegalArgumentException.class, () -> vote.report(1, says("a")));
        assertThrows(IllegalStateException.class, vote::start);
        assertThrows(IllegalArgumentException.class, () -> vote(3, 2, urn));
    }

    /// What a vote says depends on its index alone; the order in which the votes end must not
    /// matter.
    @Test
    void the_order_of_ends_does_not_matter() {
        for (int seed = 0; seed < 500; seed++) {
            VoteOutcome first = inOrder(seed, 0);
            for (int order = 1; order < 5; order++) {
                assertEquals(first, inOrder(seed, order), "seed " + seed + " order " + order);
            }
        }
    }

    private static VoteOutcome inOrder(int seed, int order) {
        var random = new Random(order);
        var urn = new Urn();
        Vote vote = vote(1 + seed % 5, 200, urn);
        vote.start();
        while (!urn.running.isEmpty()) {
            int at = order == 0 ? 0 : random.nextInt(urn.running.size());
            int index = urn.running.remove(at);
            double draw = new Random(seed * 1000L + index).nextDouble();
            vote.report(index, draw < 0.1 ? new Ballot.Cut(100) : says(draw < 0.6 ? "a" : "b"));
        }
        assertEquals(0, urn.cancelled, "as many votes as the decision needs, none more");
        return vote.outcome();
    }

    /// Towers of Hanoi with ten disks: 1,023 steps, each voted on. A vote knows the right move with
    /// probability 0.9; one wrong vote in five is flagged, the others all agree on one wrong move,
    /// the worst case. Votes end in any order.
    @Test
    void hanoi_with_ten_disks() {
        int runs = 300;
        int perfect = 0;
        long votes = 0;
        long valid = 0;
        for (int run = 0; run < runs; run++) {
            var random = new Random(run);
            int wrong = 0;
            for (int step = 1; step < 1 << 10; step++) {
                VoteOutcome outcome = decide(move(step), random);
                wrong += ((VoteOutcome.Decided) outcome).answer().equals(move(step)) ? 0 : 1;
                votes += outcome.votes();
                valid += outcome.votes() - outcome.flagged();
            }
            perfect += wrong == 0 ? 1 : 0;
        }
        double perStep = (double) votes / runs / 1023;
        String figures = perfect + " of " + runs + " perfect, " + perStep + " votes a step, "
                + (double) valid / runs / 1023 + " valid";
        System.out.println(figures);
        assertTrue(perfect >= 0.95 * runs, figures);
        assertTrue(perStep <= 6.9, figures);
    }

    /// The move of a step, by its number alone: the disk is the number of trailing zeros.
    private static String move(int step) {
        int from = (step & step - 1) % 3;
        int to = ((step | step - 1) + 1) % 3;
        return Integer.numberOfTrailingZeros(step) + " from " + from + " to " + to;
    }

    private static VoteOutcome decide(String right, Random random) {
        var urn = new Urn();
        Vote vote = vote(5, 200, urn);
        vote.start();
        while (vote.outcome() instanceof VoteOutcome.Open) {
            int index = urn.running.remove(random.nextInt(urn.running.size()));
            double draw = random.nextDouble();
            vote.report(index, draw < 0.02
                    ? new Ballot.Cut(100)
                    : says(draw < 0.02 + 0.98 * 0.9 ? right : "2 from 2 to 2"));
        }
        assertEquals(0, urn.running.size(), "no vote goes on after the decision");
        assertEquals(0, urn.cancelled, "and none was in vain");
        return vote.outcome();
    }
}
