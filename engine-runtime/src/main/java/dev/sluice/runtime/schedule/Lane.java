package dev.sluice.runtime.schedule;

import java.util.ArrayList;
import java.util.LinkedHashMap;

/// One priority: the clients that ask for it, each with its fair share. Engine thread only.
///
/// Between two choices a share is in the heap if it has a job that could go on. During a choice
/// jobs and shares are taken out; [#settle] puts them back.
final class Lane {
    /// Clients whose counters are remembered while they have nothing to do.
    private static final int SHARES_MAX = 4096;
    /// How far ahead of its fair share deadlines may take a client, in quanta.
    private static final int URGENT_QUANTA = 32;

    private final SchedulerOptions options;
    private final Heap<Share> shares = new Heap<>(0, Share::before);
    private final LinkedHashMap<String, Share> clients = new LinkedHashMap<>(16, 0.75f, true);
    /// Shares that had their most slots in this choice.
    private final ArrayList<Share> throttled = new ArrayList<>();
    private final Urgency urgency;
    private long floor;
    private int shareCount;

    Lane(SchedulerOptions options, StepClock clock) {
        this.options = options;
        urgency = new Urgency(clock);
    }

    Share share(String client) {
        Share share = clients.get(client);
        if (share == null) {
            double weight = options.clientWeights().getOrDefault(client, 1.0);
            share = new Share(this, shareCount++, weight, options.quantum());
            clients.put(client, share);
            forgetIdle();
        }
        return share;
    }

    /// The client that was idle longest starts anew when it comes back. If the eldest is busy,
    /// nobody is forgotten: there are as many jobs.
    private void forgetIdle() {
        var eldest = clients.firstEntry();
        if (clients.size() > SHARES_MAX && eldest.getValue().jobs.isEmpty()) {
            clients.remove(eldest.getKey());
        }
    }

    /// The job can go on.
    void add(Job job) {
        Share share = job.share;
        if (share.jobs.isEmpty()) {
            share.lift(shares.isEmpty() ? floor : shares.first().key());
            shares.add(share);
        }
        share.jobs.add(job);
        urgency.add(job);
    }

    /// The job can not go on, or is over.
    void remove(Job job) {
        Share share = job.share;
        urgency.remove(job);
        share.jobs.remove(job);
        if (share.jobs.isEmpty() && shares.contains(share)) {
            shares.remove(share);
            floor = Math.max(floor, share.counter());
        }
    }

    /// The job's rank changed.
    void update(Job job) {
        job.share.jobs.update(job);
        urgency.update(job);
    }

    void charge(Share share, long cost) {
        share.charge(cost);
        shares.update(share);
    }

    /// Puts jobs into `chosen` from `count` on and returns the new count: first those whose
    /// deadline presses, then client by client.
    int choose(long now, Job[] chosen, int count) {
        int end = count;
        if (urgency.begin(now)) {
            end = chooseUrgent(now, chosen, end);
        }
        while (end < options.slots() && !shares.isEmpty()) {
            Share share = shares.first();
            chosen[end++] = take(share, share.jobs.first());
        }
        return end;
    }

    private int chooseUrgent(long now, Job[] chosen, int count) {
        int end = count;
        while (end < options.slots() && urgency.hasNext(now)) {
            Job job = urgency.next();
            Share share = job.share;
            boolean free = share.jobs.contains(job) && shares.contains(share);
            if (free && share.within(URGENT_QUANTA * options.quantum(), shares.first().key())) {
                chosen[end++] = take(share, job);
            }
        }
        return end;
    }

    /// Slots that would stay empty go to clients that already have their most.
    int chooseThrottled(Job[] chosen, int count) {
        int end = count;
        for (int i = 0; i < throttled.size(); i++) {
            Share share = throttled.get(i);
            while (end < options.slots() && !share.jobs.isEmpty()) {
                chosen[end++] = share.jobs.removeFirst();
            }
        }
        return end;
    }

    /// Takes a job out for this choice.
    Job take(Share share, Job job) {
        share.jobs.remove(job);
        share.pick();
        if (share.jobs.isEmpty()) {
            shares.remove(share);
        } else if (share.picked >= options.clientSlots() && shares.contains(share)) {
            shares.remove(share);
            throttled.add(share);
        } else {
            shares.update(share);
        }
        return job;
    }

    /// Puts a chosen job back. Each move leaves the heaps in order, so any sequence will do.
    void settle(Job job) {
        Share share = job.share;
        share.jobs.add(job);
        share.forgetPicks();
        if (shares.contains(share)) {
            shares.update(share);
        } else {
            shares.add(share);
        }
    }

    /// Ends a choice after all chosen jobs were put back.
    void end() {
        throttled.clear();
        urgency.end();
    }
}
