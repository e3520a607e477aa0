package dev.sluice.runtime.cache;

import java.util.Random;

/// Agents' sessions on a step clock. Each begins with a prompt and takes turns: a tool's result is
/// computed, an answer decoded one token a step, the next tool called. Tools of two kinds, quick
/// ones and slow ones with a long tail, together take 65 % of the sessions' time.
final class ParkingTrace {
    private static final int PROMPT = 40;
    private static final int TURNS = 6;
    private static final int RESULT = 12;
    private static final int ANSWER = 12;
    private static final int CHUNK = 16;
    private static final int LENGTH = PROMPT + TURNS * (RESULT + ANSWER);
    private static final long STEP_NANOS = 30_000_000;
    private static final int STEPS_MAX = 10_000;
    static final int SESSION_PAGES = (LENGTH + PageLm.PAGE - 1) / PageLm.PAGE;

    enum Policy {
        /// The policy under test.
        PARK,
        /// Waiting sessions keep their pages.
        PIN,
        /// Waiting sessions lose their pages.
        FORGET
    }

    /// @param computedAgain  tokens computed more than once
    record Outcome(int finished, long computedAgain, int steps) {}

    private final class Session {
        final int[] tokens;
        final int[] waits = new int[TURNS];
        final boolean[] slow = new boolean[TURNS];
        KvSequence sequence;
        int space;
        int turn;
        int wakes;
        int computed;
        boolean attached;

        Session(Random random) {
            tokens = random.ints(LENGTH, 0, 1 << 20).toArray();
            for (int i = 0; i < TURNS; i++) {
                slow[i] = random.nextInt(3) == 0;
                waits[i] = (int) (1000 * (slow[i] ? 8 * Math.exp(random.nextGaussian()) : 1));
            }
        }

        int target() { return PROMPT + turn * (RESULT + ANSWER) + RESULT + ANSWER; }

        int promptEnd() { return target() - ANSWER; }
    }

    private final Session[] sessions;
    private final double waitShare;
    private volatile int step;

    ParkingTrace(int seed, int count) {
        var random = new Random(seed);
        sessions = new Session[count];
        long waiting = 0;
        for (int i = 0; i < count; i++) {
            sessions[i] = new Session(random);
            for (int wait : sessions[i].waits) {
                waiting += wait;
            }
        }
        double active = count * (steps(PROMPT + RESULT) + ANSWER
                + (TURNS - 1.0) * (steps(RESULT) + ANSWER));
        double scale = 0.65 / 0.35 * active / waiting;
        long scaled = 0;
        for (Session session : sessions) {
            for (int i = 0; i < TURNS; i++) {
                session.waits[i] = (int) Math.max(1, Math.round(session.waits[i] * scale));
                scaled += session.waits[i];
            }
        }
        waitShare = scaled / (scaled + active);
    }

    private static int steps(int tokens) {
        return Math.ceilDiv(tokens, CHUNK);
    }

    /// Tools' part of the sessions' time, when nobody waits for anything else.
    double waitShare() { return waitShare; }

    /// Tokens that are computed again when a wait costs a session all it had.
    long dropEverything() {
        long tokens = 0;
        for (int turn = 1; turn < TURNS; turn++) {
            tokens += PROMPT + turn * (RESULT + ANSWER);
        }
        return tokens * sessions.length;
    }

    Outcome run(int pages, KvTiers tiers, Policy policy) {
        PageLm model = PageLm.full(LENGTH, pages);
        try (var cache = new KvCache(model, tiers, () -> step * STEP_NANOS)) {
            cache.prefillMeasured(1000, 1_000_000_000);
            for (Session session : sessions) {
                session.sequence = cache.open(CacheSpace.SHARED);
            }
            int finished = 0;
            while (finished < sessions.length && step < STEPS_MAX) {
                finished = 0;
                for (Session session : sessions) {
                    if (session.turn < TURNS && session.wakes <= step) {
                        advance(cache, model, session, policy);
                    }
                    finished += session.turn == TURNS ? 1 : 0;
                }
                // A step takes longer than the disk.
                while (cache.tiers().busy()) {
                    Thread.onSpinWait();
                    cache.tiers().poll();
                }
                step++;
            }
            return new Outcome(
                    finished, model.rowsComputed() - (long) finished * LENGTH, step);
        }
    }

    private void advance(KvCache cache, PageLm model, Session session, Policy policy) {
        KvSequence sequence = session.sequence;
        if (!session.attached) {
            if (cache.attach(sequence, session.tokens, session.computed).loading()) {
                return;
            }
            session.attached = true;
        }
        model.verify(sequence, session.tokens, "step " + step);
        int from = sequence.length();
        int end = from < session.promptEnd()
                ? Math.min(session.promptEnd(), from + CHUNK) : from + 1;
        // What was decoded before is a prompt when it is computed again.
        end = from < session.computed ? Math.min(from + CHUNK, session.computed) : end;
        if (!cache.reserve(sequence, end)) {
            if (policy != Policy.PIN) {
                cache.release(sequence);
                session.attached = false;
            }
            return;
        }
        model.compute(sequence, session.tokens, from, end);
        cache.commit(sequence, session.tokens, from, end);
        session.computed = Math.max(session.computed, end);
        if (end == session.target()) {
            endTurn(cache, session, policy);
        }
    }

    private void endTurn(KvCache cache, Session session, Policy policy) {
        session.wakes = step + 1 + session.waits[session.turn];
        boolean slow = session.slow[session.turn];
        session.turn++;
        if (session.turn == TURNS) {
            cache.close(session.sequence);
            return;
        }
        switch (policy) {
            case PARK -> {
                cache.park(session.sequence, ParkHint.of(slow ? "slow" : "quick"));
                session.attached = false;
            }
            case PIN -> { }
            case FORGET -> {
                cache.release(session.sequence);
                // Another space: nothing of the old one is found.
                session.space++;
                session.sequence = cache.open(
                        new CacheSpace("", System.identityHashCode(session) + "-" + session.space));
                session.attached = false;
            }
        }
    }
}
