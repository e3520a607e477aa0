package dev.sluice.models.tokenizer;

import java.util.Arrays;

/// A binary heap of `long`s, least first: (priority, left position) packed as `high << 32 | low`.
final class MergeQueue {
    private long[] heap;
    private int size;

    MergeQueue(int capacity) {
        heap = new long[Math.max(16, capacity)];
    }

    boolean isEmpty() { return size == 0; }

    void add(int priority, int position) {
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, size * 2);
        }
        long value = (long) priority << 32 | position;
        int i = size++;
        while (i > 0) {
            int parent = (i - 1) >>> 1;
            if (heap[parent] <= value) {
                break;
            }
            heap[i] = heap[parent];
            i = parent;
        }
        heap[i] = value;
    }

    long take() {
        long least = heap[0];
        long last = heap[--size];
        int i = 0;
        for (int child = 1; child < size; child = 2 * i + 1) {
            if (child + 1 < size && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= last) {
                break;
            }
            heap[i] = heap[child];
            i = child;
        }
        heap[i] = last;
        return least;
    }
}
