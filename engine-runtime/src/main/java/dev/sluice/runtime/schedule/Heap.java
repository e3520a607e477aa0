package dev.sluice.runtime.schedule;

import java.util.ArrayList;

/// A binary heap whose entries know where they are, so that one whose key changed is moved, and
/// one that leaves is taken out, in O(log n). Allocates only when it grows. Engine thread only.
final class Heap<T extends Heap.Entry> {
    /// An entry keeps one position for each heap that it may be in.
    interface Entry {
        /// Index in the heap of this number, negative when it is not in it.
        int position(int heap);

        void position(int heap, int index);
    }

    /// A total order; two entries of one heap are never equal, so choices are deterministic.
    interface Order<T> {
        boolean before(T a, T b);
    }

    static final int OUTSIDE = -1;

    private final int number;
    private final Order<T> order;
    private final ArrayList<T> entries = new ArrayList<>();

    /// @param number which of an entry's positions is this heap's
    Heap(int number, Order<T> order) {
        this.number = number;
        this.order = order;
    }

    boolean isEmpty() { return entries.isEmpty(); }

    int size() { return entries.size(); }

    T first() { return entries.getFirst(); }

    T get(int index) { return entries.get(index); }

    boolean contains(T entry) { return entry.position(number) >= 0; }

    void add(T entry) {
        assert !contains(entry);
        entries.add(entry);
        up(entry, entries.size() - 1);
    }

    T removeFirst() {
        T first = entries.getFirst();
        remove(first);
        return first;
    }

    /// Takes the entry out if it is in.
    void remove(T entry) {
        int index = entry.position(number);
        if (index < 0) {
            return;
        }
        entry.position(number, OUTSIDE);
        T last = entries.removeLast();
        if (last != entry) {
            place(last, index);
            update(last);
        }
    }

    /// Moves the entry to where its changed key belongs, if it is in.
    void update(T entry) {
        int index = entry.position(number);
        if (index >= 0) {
            up(entry, index);
            down(entry, entry.position(number));
        }
    }

    private void up(T entry, int from) {
        int index = from;
        while (index > 0) {
            T parent = entries.get((index - 1) / 2);
            if (!order.before(entry, parent)) {
                break;
            }
            place(parent, index);
            index = (index - 1) / 2;
        }
        place(entry, index);
    }

    private void down(T entry, int from) {
        int index = from;
        int size = entries.size();
        while (2 * index + 1 < size) {
            int child = 2 * index + 1;
            if (child + 1 < size && order.before(entries.get(child + 1), entries.get(child))) {
                child++;
            }
            if (!order.before(entries.get(child), entry)) {
                break;
            }
            place(entries.get(child), index);
            index = child;
        }
        place(entry, index);
    }

    private void place(T entry, int index) {
        entries.set(index, entry);
        entry.position(number, index);
    }
}
