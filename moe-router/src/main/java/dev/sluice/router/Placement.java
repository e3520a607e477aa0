package dev.sluice.router;

import java.util.Arrays;

/// Plans which expert gets how many copies and where, from the load of each: the algorithm of
/// DeepSeek's EPLB (published with DeepSeek-V3, arXiv 2412.19437, section 3.4). Pure functions.
public final class Placement {
    private Placement() { }

    /// Copies busy experts into spare slots and spreads the copies over devices.
    ///
    /// Groups of experts that a token visits together (the group-limited routing of DeepSeek) stay
    /// on one node if `groups` is a multiple of `nodes`: groups are packed onto nodes, then inside
    /// each node spare slots go one by one to the expert with the largest load per copy, then
    /// copies are packed onto the node's devices. Otherwise all is one node. The result is never
    /// worse, in its largest device load, than [ExpertPlacement#contiguous].
    ///
    /// @param loads    load of each expert, for example a moving average of counts
    /// @param slots    room for copies on all devices, a multiple of `devices`
    /// @param groups   expert groups, a divisor of the experts; 1 when the model has none
    /// @param nodes    machines or sockets, a divisor of `devices`
    /// @param devices  at most as many as slots
    public static ExpertPlacement replicate(double[] loads, int slots, int groups, int nodes,
            int devices) {
        int experts = loads.length;
        requireDivides("devices", devices, "slots", slots);
        requireDivides("nodes", nodes, "devices", devices);
        requireDivides("groups", groups, "experts", experts);
        if (slots < experts) {
            throw new IllegalArgumentException(
                    "%d slots for %d experts".formatted(slots, experts));
        }
        for (double load : loads) {
            if (!(load >= 0) || Double.isInfinite(load)) {
                throw new IllegalArgumentException("a load of " + load);
            }
        }
        boolean byNode = groups % nodes == 0;
        ExpertPlacement planned = byNode ? plan(loads, slots, groups, nodes, devices)
                : plan(loads, slots, 1, 1, devices);
        if (experts % devices != 0) {
            return planned;
        }
        ExpertPlacement plain = ExpertPlacement.contiguous(experts, devices);
        return plain.imbalance(loads) < planned.imbalance(loads) ? plain : planned;
    }

    private static ExpertPlacement plan(double[] loads, int slots, int groups, int nodes,
            int devices) {
        int groupSize = loads.length / groups;
        var groupLoads = new double[groups];
        for (int e = 0; e < loads.length; e++) {
            groupLoads[e / groupSize] += loads[e];
        }
        int[] nodeOfGroup = pack(groupLoads, nodes);
        var slotExperts = new int[slots];
        var slotDevices = new int[slots];
        for (int node = 0; node < nodes; node++) {
            int[] members = members(nodeOfGroup, node, groupSize);
            int[] copies = copies(loads, members, slots / nodes);
            var shares = new double[copies.length];
            int[] count = count(copies, loads.length);
            for (int s = 0; s < copies.length; s++) {
                shares[s] = loads[copies[s]] / count[copies[s]];
            }
            int[] device = pack(shares, devices / nodes);
            int first = node * (slots / nodes);
            for (int s = 0; s < copies.length; s++) {
                slotExperts[first + s] = copies[s];
                slotDevices[first + s] = node * (devices / nodes) + device[s];
            }
        }
        return new ExpertPlacement(loads.length, devices, slotExperts, slotDevices);
    }

    /// Longest processing time first: items by falling load (equal loads by index), each into the
    /// lightest pack that has room; every pack gets equally many items.
    ///
    /// @return the pack of each item
    static int[] pack(double[] loads, int packs) {
        int room = loads.length / packs;
        Integer[] order = new Integer[loads.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Double.compare(loads[b], loads[a]));
        var sums = new double[packs];
        var sizes = new int[packs];
        var pack = new int[loads.length];
        for (int item : order) {
            int best = -1;
            for (int p = 0; p < packs; p++) {
                if (sizes[p] < room && (best < 0 || sums[p] < sums[best])) {
                    best = p;
                }
            }
            pack[item] = best;
            sums[best] += loads[item];
            sizes[best]++;
        }
        return pack;
    }

    private static int[] members(int[] nodeOfGroup, int node, int groupSize) {
        int groups = nodeOfGroup.length;
        var members = new int[groups * groupSize];
        int count = 0;
        for (int e = 0; e < members.length; e++) {
            if (nodeOfGroup[e / groupSize] == node) {
                members[count++] = e;
            }
        }
        return Arrays.copyOf(members, count);
    }

    /// Every member once, then the spare slots one by one to the largest load per copy.
    private static int[] copies(double[] loads, int[] members, int slots) {
        int[] slotExperts = Arrays.copyOf(members, slots);
        var count = new int[members.length];
        Arrays.fill(count, 1);
        for (int s = members.length; s < slots; s++) {
            int most = 0;
            for (int m = 1; m < members.length; m++) {
                if (loads[members[m]] / count[m] > loads[members[most]] / count[most]) {
                    most = m;
                }
            }
            slotExperts[s] = members[most];
            count[most]++;
        }
        return slotExperts;
    }

    private static int[] count(int[] copies, int experts) {
        var count = new int[experts];
        for (int expert : copies) {
            count[expert]++;
        }
        return count;
    }

    private static void requireDivides(String divisorName, int divisor, String name, int value) {
        if (divisor < 1 || value < 1 || value % divisor != 0) {
            throw new IllegalArgumentException("%s=%d must be a multiple of %s=%d"
                    .formatted(name, value, divisorName, divisor));
        }
    }
}
