package dev.sluice.router;

import java.util.Arrays;

/// Assigns the experts of one layer to devices with room for `capacity` each, given what each
/// expert gains on each device. Room that stays free is filled with experts without any gain, so
/// that a move is an exchange too. Reused from layer to layer; one thread.
final class LayerAssignment {
    private final int experts;
    private final int devices;
    private final int capacity;
    private final int items;
    /// [device * items + item]; items from `experts` on are free room.
    private final int[] gains;
    private final int[] assigned;
    private final int[] current;
    private final int[] sizes;
    /// [from * devices + to]: the item on `from` that gains most on `to`.
    private final int[] bestItem;

    LayerAssignment(int experts, int devices, int capacity) {
        this.experts = experts;
        this.devices = devices;
        this.capacity = capacity;
        items = devices * capacity;
        gains = new int[devices * items];
        assigned = new int[items];
        current = new int[items];
        sizes = new int[devices];
        bestItem = new int[devices * devices];
    }

    void clear() {
        Arrays.fill(gains, 0);
    }

    /// The layer's expert q meets counts[other * experts + q] visits of each expert of a
    /// neighbouring layer, which lives on device[other].
    void add(int[] counts, int[] device) {
        for (int other = 0; other < experts; other++) {
            addRow(counts, other * experts, device[other] * items);
        }
    }

    private void addRow(int[] counts, int from, int to) {
        for (int q = 0; q < experts; q++) {
            gains[to + q] += counts[from + q];
        }
    }

    /// Changes `placement` if a better one is found; whether it was.
    boolean improve(int[] placement) {
        complete(placement);
        long before = sum(current);
        greedy();
        exchange(assigned);
        exchange(current);
        int[] better = sum(assigned) > sum(current) ? assigned : current;
        if (sum(better) <= before) {
            return false;
        }
        System.arraycopy(better, 0, placement, 0, experts);
        return true;
    }

    /// `current` is the placement with the free room spread over what is left.
    private void complete(int[] placement) {
        Arrays.fill(sizes, 0);
        for (int e = 0; e < experts; e++) {
            current[e] = placement[e];
            sizes[placement[e]]++;
        }
        int device = 0;
        for (int item = experts; item < current.length; item++) {
            while (sizes[device] == capacity) {
                device++;
            }
            current[item] = device;
            sizes[device]++;
        }
    }

    /// Those first that lose most if they get their second choice, each to its best device with
    /// room.
    private void greedy() {
        Integer[] order = new Integer[items];
        Arrays.setAll(order, i -> i);
        var regret = new long[items];
        for (int item = 0; item < items; item++) {
            regret[item] = regret(item);
        }
        Arrays.sort(order, (a, b) -> Long.compare(regret[b], regret[a]));
        Arrays.fill(sizes, 0);
        for (int item : order) {
            int best = -1;
            for (int d = 0; d < devices; d++) {
                if (sizes[d] < capacity && (best < 0 || gain(item, d) > gain(item, best))) {
                    best = d;
                }
            }
            assigned[item] = best;
            sizes[best]++;
        }
    }

    private long regret(int item) {
        long first = Integer.MIN_VALUE;
        long second = Integer.MIN_VALUE;
        for (int d = 0; d < devices; d++) {
            second = Math.max(second, Math.min(first, gain(item, d)));
            first = Math.max(first, gain(item, d));
        }
        return first - second;
    }

    /// Exchanges the best pair of experts while one gains. What an expert gains does not depend on
    /// the layer's others, so between two devices the best pair is the best of each side.
    private void exchange(int[] device) {
        for (int d = 0; d < devices; d++) {
            findBest(device, d);
        }
        while (true) {
            long most = 0;
            int a = 0;
            int b = 0;
            for (int from = 0; from < devices; from++) {
                for (int to = from + 1; to < devices; to++) {
                    int there = bestItem[from * devices + to];
                    int back = bestItem[to * devices + from];
                    long gain = move(there, from, to) + move(back, to, from);
                    if (gain > most) {
                        most = gain;
                        a = there;
                        b = back;
                    }
                }
            }
            if (most == 0) {
                return;
            }
            int swap = device[a];
            device[a] = device[b];
            device[b] = swap;
            findBest(device, device[a]);
            findBest(device, device[b]);
        }
    }

    /// For every other device the item on `from` that gains most there.
    private void findBest(int[] device, int from) {
        Arrays.fill(bestItem, from * devices, (from + 1) * devices, -1);
        for (int item = 0; item < items; item++) {
            if (device[item] == from) {
                for (int to = 0; to < devices; to++) {
                    int best = bestItem[from * devices + to];
                    if (best < 0 || gain(item, to) - gain(item, from)
                            > gain(best, to) - gain(best, from)) {
                        bestItem[from * devices + to] = item;
                    }
                }
            }
        }
    }

    private int gain(int item, int device) {
        return gains[device * items + item];
    }

    private long move(int item, int from, int to) {
        return (long) gain(item, to) - gain(item, from);
    }

    private long sum(int[] device) {
        long sum = 0;
        for (int item = 0; item < experts; item++) {
            sum += gain(item, device[item]);
        }
        return sum;
    }
}
