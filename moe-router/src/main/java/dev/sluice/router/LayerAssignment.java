package dev.sluice.router;

import java.util.Arrays;

/// Assigns the experts of one layer to devices with room for `capacity` each, given what each
/// expert gains on each device. Room that stays free is filled with experts without any gain, so
/// that a move is an exchange too. Reused from layer to layer; one thread.
final class LayerAssignment {
    private final int experts;
    private final int devices;
    private final int capacity;
    /// [item][device]; items from `experts` on are free room.
    private final long[][] gains;
    private final int[] assigned;
    private final int[] current;
    private final int[] sizes;
    private final int[] bestItem;

    LayerAssignment(int experts, int devices, int capacity) {
        this.experts = experts;
        this.devices = devices;
        this.capacity = capacity;
        gains = new long[devices * capacity][devices];
        assigned = new int[devices * capacity];
        current = new int[devices * capacity];
        sizes = new int[devices];
        bestItem = new int[devices * devices];
    }

    void clear() {
        for (long[] row : gains) {
            Arrays.fill(row, 0);
        }
    }

    /// Visits counts[p * experts + q] come from expert p on device[p].
    void addPrevious(long[] counts, int[] device) {
        for (int p = 0; p < experts; p++) {
            for (int q = 0; q < experts; q++) {
                gains[q][device[p]] += counts[p * experts + q];
            }
        }
    }

    /// Visits counts[p * experts + q] go on to expert q on device[q].
    void addNext(long[] counts, int[] device) {
        for (int p = 0; p < experts; p++) {
            long[] row = gains[p];
            for (int q = 0; q < experts; q++) {
                row[device[q]] += counts[p * experts + q];
            }
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
        Integer[] order = new Integer[gains.length];
        Arrays.setAll(order, i -> i);
        var regret = new long[gains.length];
        for (int item = 0; item < regret.length; item++) {
            regret[item] = regret(gains[item]);
        }
        Arrays.sort(order, (a, b) -> Long.compare(regret[b], regret[a]));
        Arrays.fill(sizes, 0);
        for (int item : order) {
            int best = -1;
            for (int d = 0; d < devices; d++) {
                if (sizes[d] < capacity && (best < 0 || gains[item][d] > gains[item][best])) {
                    best = d;
                }
            }
            assigned[item] = best;
            sizes[best]++;
        }
    }

    private static long regret(long[] gains) {
        long first = Long.MIN_VALUE;
        long second = Long.MIN_VALUE;
        for (long gain : gains) {
            second = Math.max(second, Math.min(first, gain));
            first = Math.max(first, gain);
        }
        return gains.length == 1 ? 0 : first - second;
    }

    /// Exchanges the best pair of experts while one gains. What an expert gains does not depend on
    /// the layer's others, so between two devices the best pair is the best of each side.
    private void exchange(int[] device) {
        while (true) {
            Arrays.fill(bestItem, -1);
            for (int item = 0; item < device.length; item++) {
                int from = device[item];
                for (int to = 0; to < devices; to++) {
                    int best = bestItem[from * devices + to];
                    if (best < 0 || move(item, from, to) > move(best, from, to)) {
                        bestItem[from * devices + to] = item;
                    }
                }
            }
            long most = 0;
            int a = 0;
            int b = 0;
            for (int from = 0; from < devices; from++) {
                for (int to = from + 1; to < devices; to++) {
                    long gain = move(bestItem[from * devices + to], from, to)
                            + move(bestItem[to * devices + from], to, from);
                    if (gain > most) {
                        most = gain;
                        a = bestItem[from * devices + to];
                        b = bestItem[to * devices + from];
                    }
                }
            }
            if (most == 0) {
                return;
            }
            int swap = device[a];
            device[a] = device[b];
            device[b] = swap;
        }
    }

    private long move(int item, int from, int to) {
        return gains[item][to] - gains[item][from];
    }

    private long sum(int[] device) {
        long sum = 0;
        for (int item = 0; item < experts; item++) {
            sum += gains[item][device[item]];
        }
        return sum;
    }
}
