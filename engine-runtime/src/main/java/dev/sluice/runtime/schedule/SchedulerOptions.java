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
        clientWeights = Map.copyOf(clientWeights);
    }

    /// Four lanes, 5 % for the oldest, equal clients, a decoded token twice as dear as one of the
    /// prompt (VTC, arXiv 2401.00588).
    public static SchedulerOptions of(int slots) {
        return new SchedulerOptions(slots, 4, 0.05, Map.of(), slots, 1, 2, 128, 3);
    }
}
