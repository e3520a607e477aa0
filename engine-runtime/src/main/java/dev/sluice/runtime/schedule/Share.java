package dev.sluice.runtime.schedule;

/// A client's part of a lane: its virtual token counter (VTC, arXiv 2401.00588) and its jobs that
/// could go on, cheapest first. Engine thread only.
///
/// The order of clients looks at `key`, which follows the counter in steps of a quantum. A client
/// so keeps its slots for that long, instead of taking turns with another in every step.
final class Share implements Heap.Entry {
    /// Counters are kept in 1/4096 of a cost unit, so that weights divide finely.
    private static final long SCALE = 4096;

    final Lane lane;
    final Heap<Job> jobs = new Heap<>(Job.BY_RANK, Job::ranksBefore);
    /// Slots given in the choice under way, and those of them that were counted in the order.
    int picked;
    private final int index;
    private final double weight;
    private final long quantum;
    private long counter;
    private long key;
    private long ahead;
    private int position = Heap.OUTSIDE;

    /// @param index order of first arrival in the lane, which settles ties
    Share(Lane lane, int index, double weight, int quantum) {
        this.lane = lane;
        this.index = index;
        this.weight = weight;
        this.quantum = scaled(quantum);
    }

    private long scaled(long cost) {
        return Math.max(1, Math.round(cost * SCALE / weight));
    }

    @Override
    public int position(int heap) { return position; }

    @Override
    public void position(int heap, int at) { position = at; }

    boolean before(Share other) {
        long mine = key + ahead;
        long others = other.key + other.ahead;
        return mine != others ? mine < others : index < other.index;
    }

    long counter() { return counter; }

    long key() { return key; }

    /// The cost charged so far by the client's weight, in cost units.
    double virtualCost() { return (double) counter / SCALE; }

    /// A slot given in this choice counts a quantum until the choice is over: it is what the
    /// client will use before it is asked to make room.
    void pick() {
        picked++;
        ahead += quantum;
    }

    void forgetPicks() {
        picked = 0;
        ahead = 0;
    }

    /// A client gathers no credit while it has nothing to do.
    void lift(long floor) {
        counter = Math.max(counter, floor);
        key = counter;
    }

    void charge(long cost) {
        counter += scaled(cost);
        if (counter - key >= quantum) {
            key = counter;
        }
    }

    /// Whether it is at most this cost ahead of a key.
    boolean within(long cost, long otherKey) {
        return key - otherKey <= scaled(cost);
    }
}
