package dev.sluice.runtime.cache;

/// The nodes that have a page of one window group, least recently used first: a doubly linked list
/// in two arrays. Node 0 does not exist and is the list's head. Engine thread only.
final class WindowQueue {
    private final int[] before;
    private final int[] after;
    private int size;

    WindowQueue(int nodes) {
        before = new int[nodes];
        after = new int[nodes];
    }

    int size() { return size; }

    /// The least recently used node, or 0 for none.
    int first() { return after[0]; }

    /// Adds a node as the most recently used.
    void add(int node) {
        int last = before[0];
        after[last] = node;
        before[node] = last;
        after[node] = 0;
        before[0] = node;
        size++;
    }

    void remove(int node) {
        after[before[node]] = after[node];
        before[after[node]] = before[node];
        size--;
    }

    void touch(int node) {
        remove(node);
        add(node);
    }
}
