package dev.sluice.router;

import java.util.Arrays;

/// Where the experts of one layer live: slot s holds a copy of expert `expert(s)` on device
/// `device(s)`. A device is whatever has its own memory and work: a GPU, a socket, a group of
/// workers. Every expert has at least one copy, and copies hold the same bits, so a placement
/// decides about time and never about an answer. Immutable, any thread.
public final class ExpertPlacement {
    private final int devices;
    private final int[] slotExperts;
    private final int[] slotDevices;
    private final int[] copyStarts;
    private final int[] copySlots;

    /// @param slotExperts  expert of each slot
    /// @param slotDevices  device of each slot
    public ExpertPlacement(int experts, int devices, int[] slotExperts, int[] slotDevices) {
        if (slotExperts.length != slotDevices.length) {
            throw new IllegalArgumentException("%d slots with experts, %d with devices"
                    .formatted(slotExperts.length, slotDevices.length));
        }
        this.devices = devices;
        this.slotExperts = slotExperts.clone();
        this.slotDevices = slotDevices.clone();
        copyStarts = new int[experts + 1];
        copySlots = new int[slotExperts.length];
        for (int s = 0; s < slotExperts.length; s++) {
            if (slotExperts[s] < 0 || slotExperts[s] >= experts || slotDevices[s] < 0
                    || slotDevices[s] >= devices) {
                throw new IllegalArgumentException("slot %d: expert %d of %d on device %d of %d"
                        .formatted(s, slotExperts[s], experts, slotDevices[s], devices));
            }
            copyStarts[slotExperts[s] + 1]++;
        }
        for (int e = 0; e < experts; e++) {
            if (copyStarts[e + 1] == 0) {
                throw new IllegalArgumentException("expert " + e + " has no slot");
            }
            copyStarts[e + 1] += copyStarts[e];
        }
        int[] next = copyStarts.clone();
        for (int s = 0; s < slotExperts.length; s++) {
            copySlots[next[slotExperts[s]]++] = s;
        }
    }

    /// One copy of each, the first experts on the first device: what everyone has without
    /// planning.
    public static ExpertPlacement contiguous(int experts, int devices) {
        int each = Math.ceilDiv(experts, devices);
        var slotExperts = new int[experts];
        var slotDevices = new int[experts];
        for (int e = 0; e < experts; e++) {
            slotExperts[e] = e;
            slotDevices[e] = e / each;
        }
        return new ExpertPlacement(experts, devices, slotExperts, slotDevices);
    }

    public int experts() { return copyStarts.length - 1; }

    public int devices() { return devices; }

    public int slots() { return slotExperts.length; }

    public int expert(int slot) { return slotExperts[slot]; }

    public int device(int slot) { return slotDevices[slot]; }

    public int copies(int expert) { return copyStarts[expert + 1] - copyStarts[expert]; }

    /// The slot of an expert's copy, 0 to copies - 1.
    public int slot(int expert, int copy) { return copySlots[copyStarts[expert] + copy]; }

    /// What each device carries when the load of an expert, loads[expert], is shared evenly by its
    /// copies.
    public double[] deviceLoads(double[] loads) {
        var sums = new double[devices];
        for (int s = 0; s < slotExperts.length; s++) {
            sums[slotDevices[s]] += loads[slotExperts[s]] / copies(slotExperts[s]);
        }
        return sums;
    }

    /// The largest of [#deviceLoads] over their mean: a step takes at least so many times as long
    /// as an even one.
    public double imbalance(double[] loads) {
        double most = 0;
        double sum = 0;
        for (double load : deviceLoads(loads)) {
            most = Math.max(most, load);
            sum += load;
        }
        return sum == 0 ? 1 : most * devices / sum;
    }

    @Override
    public String toString() {
        return "experts %s on devices %s".formatted(
                Arrays.toString(slotExperts), Arrays.toString(slotDevices));
    }
}
