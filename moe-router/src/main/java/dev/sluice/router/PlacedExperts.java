package dev.sluice.router;

import dev.sluice.kernels.ExpertTable;
import dev.sluice.kernels.ExpertWeights;
import dev.sluice.kernels.Kernels;
import java.util.function.IntFunction;

/// Every expert in the fast tier, in an order and with copies of one's choice: what a placement
/// over devices, sockets or memory tiers decides. A token takes the copy that its row number in
/// the step points at. Copies share their bytes here, because one machine gains nothing from a
/// second set; places are told apart all the same, so that the output shows it if a table were
/// read wrongly.
public final class PlacedExperts implements ExpertStore {
    private final IntFunction<ExpertTable> tables;

    /// @param tables  the places of each transformer layer's experts
    public PlacedExperts(IntFunction<ExpertTable> tables) {
        this.tables = tables;
    }

    /// The table of a placement: copies of an expert take turns.
    public static ExpertTable table(ExpertPlacement placement) {
        var copies = new int[placement.experts()][];
        for (int e = 0; e < copies.length; e++) {
            copies[e] = new int[placement.copies(e)];
            for (int copy = 0; copy < copies[e].length; copy++) {
                copies[e][copy] = placement.slot(e, copy);
            }
        }
        return ExpertTable.of(copies, placement.slots());
    }

    @Override
    public ExpertDispatch add(Kernels kernels, Layer layer, ExpertWeights stored) {
        ExpertTable table = tables.apply(layer.layer());
        if (table.experts() != stored.experts()) {
            throw new IllegalArgumentException("layer %d has %d experts, its table %d"
                    .formatted(layer.layer(), stored.experts(), table.experts()));
        }
        // Places that serve no one keep the first expert.
        int[] order = new int[table.placeCount()];
        for (int e = 0; e < table.experts(); e++) {
            for (int copy = 0; copy < table.placeCount(); copy++) {
                order[table.place(e, copy)] = e;
            }
        }
        return ResidentExperts.over(ResidentExperts.prepared(kernels, stored)
                .placed(order, table));
    }
}
