package dev.sluice.runtime.cache;

import java.util.ArrayList;
import java.util.List;

/// What becomes of a session's pages while its tool runs: kept, left to be demoted to a tier when
/// others need the room, or given up first. The choice is the one of least waste (InferCept, arXiv
/// 2402.01869, section 3): memory held times the time for which it is of no use. With the memory
/// the same for all three, that compares
///
///     keep     the expected wait
///     demote   moving the pages out and in again
///     drop     computing the tokens again
///
/// Deviates in that what is not kept is only moved or dropped when somebody needs the room, so a
/// quiet engine loses nothing. Kept pages are a bounded share of the pool, are no longer kept once
/// the tool is much later than expected, and give way when nothing else is left. Engine thread
/// only.
final class Parking {
    /// What may be kept, as a share of the pool: running sequences need the rest.
    private static final double KEPT_SHARE = 0.5;
    /// A tool that takes this many times the expected wait is not waited for.
    private static final double LATE = 2;

    enum Choice { KEEP, DEMOTE, DROP }

    /// What a session alone has of the pool.
    ///
    /// @param tokens  that would have to be computed again
    /// @param pages   of the group with the most pages
    /// @param bytes   of all groups' pages
    record Holding(int tokens, int pages, long bytes) {}

    /// A session's pages, kept by a sequence of their own.
    ///
    /// @param returnNanos  when the tool should be done
    /// @param lateNanos    until when the pages are kept
    record Pin(KvSequence kept, int pages, long returnNanos, long lateNanos) {}

    private final ToolWaits waits = new ToolWaits();
    private final Costs costs;
    private final boolean tiered;
    private final int pagesMax;
    private final List<Pin> pins = new ArrayList<>();
    private int pinnedPages;

    /// @param poolPages  of the group with the most pages
    Parking(Costs costs, boolean tiered, int poolPages) {
        this.costs = costs;
        this.tiered = tiered;
        pagesMax = (int) (poolPages * KEPT_SHARE);
    }

    ToolWaits waits() { return waits; }

    Choice choose(ParkHint hint, Holding holding) {
        double keep = pinnedPages + holding.pages > pagesMax
                ? Double.POSITIVE_INFINITY : waits.expectedNanos(hint);
        double demote = tiered
                ? 2 * costs.loadNanos(holding.bytes, 0) : Double.POSITIVE_INFINITY;
        double drop = costs.recomputeNanos(holding.tokens);
        if (keep <= Math.min(demote, drop)) {
            return Choice.KEEP;
        }
        return demote <= drop ? Choice.DEMOTE : Choice.DROP;
    }

    Pin pin(KvSequence kept, int pages, ParkHint hint, long now) {
        double wait = waits.expectedNanos(hint);
        var pin = new Pin(kept, pages, (long) (now + wait), (long) (now + LATE * wait));
        pins.add(pin);
        pinnedPages += pages;
        return pin;
    }

    /// Takes a pin out. The caller gives the pages of its sequence back.
    void unpin(Pin pin) {
        if (pins.remove(pin)) {
            pinnedPages -= pin.pages;
        }
    }

    boolean pinned(Pin pin) { return pins.contains(pin); }

    boolean empty() { return pins.isEmpty(); }

    List<Pin> pins() { return pins; }

    /// The pin that has waited too long for its tool, or else, the one that has to wait longest.
    Pin weakest(long now) {
        Pin weakest = pins.getFirst();
        for (Pin pin : pins) {
            if (pin.lateNanos - now < 0) {
                return pin;
            }
            weakest = pin.returnNanos - weakest.returnNanos > 0 ? pin : weakest;
        }
        return weakest;
    }

    boolean late(Pin pin, long now) { return pin.lateNanos - now < 0; }
}
