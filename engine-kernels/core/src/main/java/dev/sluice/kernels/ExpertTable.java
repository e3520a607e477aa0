package dev.sluice.kernels;

import java.util.Arrays;

/// Where logical experts lie among the physical ones of an [ExpertWeights]: in any order, with
/// copies, or (behind a cache) some of them nowhere at the moment. All copies of an expert hold
/// equal bits, so which one serves a token changes no result.
///
/// A table made by [#of] is fixed. One made by [#movable] is changed by its owner between
/// operations, on the engine thread; no operation may be under way.
public final class ExpertTable {
    /// First entry of each expert in `places`, and how many of its entries count.
    private final int[] starts;
    private final int[] copies;
    private final int[] places;
    private final int placeCount;
    private final boolean movable;

    private ExpertTable(int[] starts, int[] copies, int[] places, int placeCount,
            boolean movable) {
        this.starts = starts;
        this.copies = copies;
        this.places = places;
        this.placeCount = placeCount;
        this.movable = movable;
    }

    /// Expert e at place e.
    public static ExpertTable identity(int experts) {
        var order = new int[experts][1];
        for (int e = 0; e < experts; e++) {
            order[e][0] = e;
        }
        return of(order, experts);
    }

    /// `copies[e]` are the places of expert e, at least one; no place serves two experts, and
    /// places that serve none stay unused.
    public static ExpertTable of(int[][] copies, int placeCount) {
        var starts = new int[copies.length];
        var counts = new int[copies.length];
        int total = 0;
        for (int e = 0; e < copies.length; e++) {
            starts[e] = total;
            counts[e] = copies[e].length;
            total += counts[e];
        }
        var places = new int[total];
        var taken = new boolean[placeCount];
        for (int e = 0; e < copies.length; e++) {
            if (counts[e] == 0) {
                throw new IllegalArgumentException("expert " + e + " has no place");
            }
            for (int i = 0; i < counts[e]; i++) {
                int place = copies[e][i];
                if (place < 0 || place >= placeCount || taken[place]) {
                    throw new IllegalArgumentException(
                            "expert %d at place %d of %d, which %s".formatted(e, place, placeCount,
                                    place < 0 || place >= placeCount ? "is none" : "is taken"));
                }
                taken[place] = true;
                places[starts[e] + i] = place;
            }
        }
        return new ExpertTable(starts, counts, places, placeCount, false);
    }

    /// Every expert is nowhere until it is [#put] somewhere.
    public static ExpertTable movable(int experts, int placeCount) {
        var starts = new int[experts];
        Arrays.setAll(starts, e -> e);
        return new ExpertTable(starts, new int[experts], new int[experts], placeCount, true);
    }

    public int experts() { return starts.length; }

    /// Physical experts, used or not.
    public int placeCount() { return placeCount; }

    public boolean isPresent(int expert) { return copies[expert] > 0; }

    /// The place that serves `expert` for row `token` of a step: its copies take turns.
    public int place(int expert, int token) {
        int count = copies[expert];
        if (count == 0) {
            throw new IllegalStateException("expert " + expert + " is at no place");
        }
        return places[starts[expert] + (count == 1 ? 0 : token % count)];
    }

    public void put(int expert, int place) {
        requireMovable();
        java.util.Objects.checkIndex(place, placeCount);
        places[expert] = place;
        copies[expert] = 1;
    }

    public void remove(int expert) {
        requireMovable();
        copies[expert] = 0;
    }

    private void requireMovable() {
        if (!movable) {
            throw new IllegalStateException("a fixed expert table");
        }
    }
}
