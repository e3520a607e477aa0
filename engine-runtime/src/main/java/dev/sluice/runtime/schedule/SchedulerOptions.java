package dev.sluice.runtime.schedule;

import java.util.Map;

/// How a [Scheduler] shares the slots.
///
/// @param slots          most jobs in one step
/// @param lanes          how many lanes there are; a job's lane is below this
/// @param oldestShare    share of the slots for the oldest job, whatever its lane and length. 5 %
///                       costs little of the mean flow time and bounds how long a job starves.
/// @param clientWeights  a client's share in its lane relative to the others', 1 where none is
///                       given
/// @param clientSlots    slots of one client in a step beyond which others go first; it gets more
///                       only when a slot would stay empty
/// @param promptCost     what a prompt token costs the machine ...
/// @param decodeCost     ... and what a decoded token costs, in the same unit
/// @param quantum        cost that a client runs ahead before another one takes its slot
/// @param preemptionsMax how often a job gives up its pages before others are asked first
public record SchedulerOptions(int slots, int lanes, double oldestShare,
        Map<String, Double> clientWeights, int clientSlots, int promptCost, int decodeCost,
        int quantum, int preemptionsMax) {

    public SchedulerOptions {
        atLeastOne("slots", slots);
        atLeastOne("lanes", lanes);
        atLeastOne("clientSlots", clientSlots);
        atLeastOne("promptCost", promptCost);
        atLeastOne("decodeCost", decodeCost);
        atLeastOne("quantum", quantum);
        if (!(oldestShare >= 0 && oldestShare <= 1)) {
            throw new IllegalArgumentException(
                    "oldestShare=" + oldestShare + ", allowed: 0 to 1");
        }
        if (preemptionsMax < 0) {
            throw new IllegalArgumentException(
                    "preemptionsMax=" + preemptionsMax + ", allowed: at least 0");
        }
        clientWeights = Map.copyOf(clientWeights);
        for (Map.Entry<String, Double> weight : clientWeights.entrySet()) {
            if (!(weight.getValue() >= 1e-3 && weight.getValue() <= 1e3)) {
                throw new IllegalArgumentException("weight of client '%s' is %s, allowed: "
                        .formatted(weight.getKey(), weight.getValue()) + "0.001 to 1000");
            }
        }
    }

    private static void atLeastOne(String what, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(what + "=" + value + ", allowed: at least 1");
        }
    }

    /// Four lanes, 5 % for the oldest, equal clients, a decoded token twice as dear as one of the
    /// prompt (VTC, arXiv 2401.00588).
    public static SchedulerOptions of(int slots) {
        return new SchedulerOptions(slots, 4, 0.05, Map.of(), slots, 1, 2, 128, 3);
    }

    public SchedulerOptions withOldestShare(double share) {
        return new SchedulerOptions(slots, lanes, share, clientWeights, clientSlots, promptCost,
                decodeCost, quantum, preemptionsMax);
    }

    public SchedulerOptions withClientWeights(Map<String, Double> weights) {
        return new SchedulerOptions(slots, lanes, oldestShare, weights, clientSlots, promptCost,
                decodeCost, quantum, preemptionsMax);
    }

    public SchedulerOptions withClientSlots(int most) {
        return new SchedulerOptions(slots, lanes, oldestShare, clientWeights, most, promptCost,
                decodeCost, quantum, preemptionsMax);
    }

    public SchedulerOptions withCosts(int prompt, int decode) {
        return new SchedulerOptions(slots, lanes, oldestShare, clientWeights, clientSlots, prompt,
                decode, quantum, preemptionsMax);
    }

    public SchedulerOptions withPreemptionsMax(int most) {
        return new SchedulerOptions(slots, lanes, oldestShare, clientWeights, clientSlots,
                promptCost, decodeCost, quantum, most);
    }
}
