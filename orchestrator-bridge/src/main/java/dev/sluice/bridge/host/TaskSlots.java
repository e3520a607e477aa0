package dev.sluice.bridge.host;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.runtime.Branch;
import dev.sluice.runtime.Engine;
import dev.sluice.runtime.GenerateRequest;
import dev.sluice.runtime.TokenStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/// The numbered slots that llama-server's clients know, over an engine that has none.
///
/// There a slot is a sequence with memory of its own, and a prompt is cheap only in the slot that
/// has its beginning. Here every sequence shares one prefix tree, so a prompt is as cheap in each,
/// and a slot is a *name*: it names the request that runs under it, and the branch of tokens that
/// its last request left behind, which can be saved to a file, restored and forgotten. There are as
/// many as sequences run at once. A request takes the slot it asks for if that is idle, else the
/// idle one that was used longest ago. One that finds none idle is accepted all the same, runs when
/// the engine has room, and is in no slot ([#NO_SLOT]); so a slot never makes anyone wait.
///
/// Only a request with one answer and without a cache salt leaves its tokens at its slot: several
/// answers have no one end, and what is salted must not be found by others. Any thread.
public final class TaskSlots {
    /// The slot of a task that is in none, and the wish for any.
    public static final int NO_SLOT = -1;
    private static final long POLL_MILLIS = 2;

    /// A request's answer that runs or has run.
    ///
    /// @param slot that it is in, or [#NO_SLOT]
    public record Task(long id, int slot, GenerateRequest request, TokenStream stream) { }

    /// @param last what ran there last, or still runs
    public record Slot(int id, boolean processing, Optional<Task> last) { }

    private static final class Place {
        private Branch branch;
        private Optional<Task> last = Optional.empty();
        private boolean held;
        private long used;

        Place(Branch branch) {
            this.branch = branch;
        }

        boolean busy() {
            return held || last.isPresent() && !last.get().stream().done();
        }
    }

    /// Something to be done with the tokens of an idle slot.
    public interface Work<T> {
        /// @return what the slot has from then on, and the result
        Done<T> on(Branch branch);
    }

    /// @param branch that the slot has from now on
    public record Done<T>(Branch branch, T result) { }

    private final Engine engine;
    private final Place[] places;
    private long tasks;
    private long uses;

    TaskSlots(Engine engine, int count) {
        this.engine = engine;
        places = new Place[count];
        for (int i = 0; i < count; i++) {
            places[i] = new Place(engine.branch());
        }
    }

    public int count() { return places.length; }

    /// Queues a request for several answers, each in a slot of its own if there is one.
    ///
    /// @param wanted the slot asked for, or [#NO_SLOT] for any
    /// @throws dev.sluice.runtime.RequestRejected as [Engine#submit] does
    public synchronized List<Task> submit(GenerateRequest request, int choices, int wanted) {
        int slot = choose(wanted);
        boolean keeps = choices == 1 && slot != NO_SLOT && request.cacheSalt().isEmpty();
        List<TokenStream> streams = keeps
                ? List.of(engine.submit(request, places[slot].branch))
                : engine.submit(request, choices);
        var submitted = new ArrayList<Task>();
        for (TokenStream stream : streams) {
            var task = new Task(tasks++, slot, request, stream);
            if (slot != NO_SLOT) {
                places[slot].last = Optional.of(task);
                places[slot].used = ++uses;
            }
            submitted.add(task);
            slot = choose(NO_SLOT);
        }
        return submitted;
    }

    private int choose(int wanted) {
        if (wanted >= 0 && wanted < places.length && !places[wanted].busy()) {
            return wanted;
        }
        int best = NO_SLOT;
        for (int i = 0; i < places.length; i++) {
            if (!places[i].busy() && (best == NO_SLOT || places[i].used < places[best].used)) {
                best = i;
            }
        }
        return best;
    }

    /// What runs where.
    public synchronized List<Slot> list() {
        var slots = new ArrayList<Slot>();
        for (int i = 0; i < places.length; i++) {
            slots.add(new Slot(i, places[i].busy(), places[i].last));
        }
        return slots;
    }

    /// Waits until a slot is idle, holds it and does something with its tokens.
    ///
    /// @throws ApiException if there is no such slot
    public <T> T with(int slot, Work<T> work) {
        if (slot < 0 || slot >= places.length) {
            throw ApiException.invalid("id_slot", "there is no slot %d; there are 0 to %d"
                    .formatted(slot, places.length - 1));
        }
        Place place = places[slot];
        while (!hold(place)) {
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted while waiting for a slot");
            }
        }
        try {
            Done<T> done = work.on(place.branch);
            synchronized (this) {
                place.branch = done.branch();
            }
            return done.result();
        } finally {
            synchronized (this) {
                place.held = false;
            }
        }
    }

    private synchronized boolean hold(Place place) {
        boolean idle = !place.busy();
        place.held |= idle;
        return idle;
    }
}
