package dev.sluice.runtime.cache;

/// The nodes that could be evicted now, least recently used first: a binary heap with places, so
/// that entering, leaving and re-ordering are O(log n) and nothing is allocated. Engine thread
/// only.
final class LeafQueue {
    private static final int ABSENT = -1;

    private final long[] lastUse;
    private final int[] heap;
    private final int[] places;
    private int size;

    /// @param lastUse  per node, when it was used; after a change call [#moved]
    LeafQueue(long[] lastUse) {
        this.lastUse = lastUse;
        heap = new int[lastUse.length];
        places = new int[lastUse.length];
        java.util.Arrays.fill(places, ABSENT);
    }

    int size() { return size; }

    boolean contains(int node) { return places[node] != ABSENT; }

    /// The least recently used node; there is one.
    int first() { return heap[0]; }

    void add(int node) {
        heap[size] = node;
        places[node] = size++;
        up(places[node]);
    }

    void remove(int node) {
        int place = places[node];
        places[node] = ABSENT;
        int last = heap[--size];
        if (last != node) {
            heap[place] = last;
            places[last] = place;
            moved(last);
        }
    }

    /// Restores the order after `lastUse[node]` has changed.
    void moved(int node) {
        up(places[node]);
        down(places[node]);
    }

    private void up(int from) {
        int place = from;
        while (place > 0 && lastUse[heap[place]] < lastUse[heap[(place - 1) / 2]]) {
            swap(place, (place - 1) / 2);
            place = (place - 1) / 2;
        }
    }

    private void down(int from) {
        int place = from;
        while (true) {
            int least = place;
            for (int child = 2 * place + 1; child <= 2 * place + 2 && child < size; child++) {
                least = lastUse[heap[child]] < lastUse[heap[least]] ? child : least;
            }
            if (least == place) {
                return;
            }
            swap(place, least);
            place = least;
        }
    }

    private void swap(int a, int b) {
        int node = heap[a];
        heap[a] = heap[b];
        heap[b] = node;
        places[heap[a]] = a;
        places[heap[b]] = b;
    }

    void checkIntegrity() {
        for (int place = 0; place < size; place++) {
            if (places[heap[place]] != place
                    || place > 0 && lastUse[heap[place]] < lastUse[heap[(place - 1) / 2]]) {
                throw new IllegalStateException("leaf queue out of order at " + place);
            }
        }
    }
}
