package dev.sluice.models.family;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.RopeSpec;
import dev.sluice.kernels.RowBuffer;
import dev.sluice.kernels.RowMap;
import dev.sluice.models.Batch;
import dev.sluice.models.KvPlan;
import dev.sluice.models.MalformedBatchException;
import java.util.List;

/// The integers of one step on the device: token ids, positions, slots and page tables, and the
/// rotary angles that all layers of a kind share. Filled once per step from the [Batch].
/// Engine thread only.
final class Step {
    private final Kernels kernels;
    private final KvPlan plan;
    private final List<RopeSpec> ropes;
    private final RowBuffer tokenIds;
    private final RowBuffer positions;
    private final RowBuffer sequences;
    private final RowBuffer[] slots;
    private final RowBuffer[] pageTables;
    private final RowBuffer[] angles;
    private final RowMap[] rowMaps;
    private final HostInts rowInts;
    private final HostInts tableInts;
    private final int maxPages;
    private int rowCount;
    private Batch batch;

    Step(Kernels kernels, KvPlan plan, List<RopeSpec> ropes, Limits limits) {
        this.kernels = kernels;
        this.plan = plan;
        this.ropes = ropes;
        maxPages = Math.ceilDiv(limits.maxPositions(), plan.pageSize());
        int groups = plan.groups().size();
        tokenIds = new RowBuffer(kernels, DType.I32, limits.maxRows(), 1);
        positions = new RowBuffer(kernels, DType.I32, limits.maxRows(), 1);
        sequences = new RowBuffer(kernels, DType.I32, limits.maxRows(), 1);
        slots = new RowBuffer[groups];
        pageTables = new RowBuffer[groups];
        rowMaps = new RowMap[groups];
        for (int g = 0; g < groups; g++) {
            slots[g] = new RowBuffer(kernels, DType.I32, limits.maxRows(), 1);
            pageTables[g] = new RowBuffer(kernels, DType.I32, limits.maxSequences(), maxPages);
        }
        angles = new RowBuffer[ropes.size()];
        for (int i = 0; i < angles.length; i++) {
            angles[i] = new RowBuffer(kernels, DType.F32, limits.maxRows(), ropes.get(i).dims());
        }
        rowInts = new HostInts(limits.maxRows(), 1);
        tableInts = new HostInts(limits.maxSequences(), maxPages);
    }

    /// Brings the batch to the device and computes the rotary angles.
    void fill(Batch rows) {
        batch = rows;
        rowCount = batch.rowCount();
        int positionsMax = maxPages * plan.pageSize();
        for (int r = 0; r < rowCount; r++) {
            if (batch.position(r) < 0 || batch.position(r) >= positionsMax) {
                throw new MalformedBatchException("position %d of a model with room for %d"
                        .formatted(batch.position(r), positionsMax));
            }
            rowInts.set(r, batch.tokenId(r));
        }
        rowInts.send(kernels, tokenIds());
        for (int r = 0; r < rowCount; r++) {
            rowInts.set(r, batch.position(r));
        }
        rowInts.send(kernels, positions());
        for (int r = 0; r < rowCount; r++) {
            rowInts.set(r, batch.sequence(r));
        }
        rowInts.send(kernels, sequences.rows(rowCount));
        for (int g = 0; g < rowMaps.length; g++) {
            fillGroup(g);
        }
        for (int i = 0; i < angles.length; i++) {
            kernels.rotaryAngles(ropes.get(i), positions(), angles(i));
        }
    }

    private void fillGroup(int group) {
        int pageSize = plan.pageSize();
        for (int r = 0; r < rowCount; r++) {
            int position = batch.position(r);
            int page = batch.pages(batch.sequence(r), group)[position / pageSize];
            rowInts.set(r, page * pageSize + position % pageSize);
        }
        Matrix slotRows = slots[group].rows(rowCount);
        rowInts.send(kernels, slotRows);
        for (int s = 0; s < batch.sequenceCount(); s++) {
            tableInts.setRow(s, batch.pages(s, group));
        }
        Matrix table = pageTables[group].rows(batch.sequenceCount());
        tableInts.send(kernels, table);
        RowMap old = rowMaps[group];
        if (old == null || old.slots() != slotRows || old.pageTable() != table) {
            rowMaps[group] = new RowMap(positions(), sequences.rows(rowCount), slotRows, table);
        }
    }

    /// Position of a row of the batch that the step was filled from.
    int position(int row) { return batch.position(row); }

    /// Its sequence.
    int sequence(int row) { return batch.sequence(row); }

    int rowCount() { return rowCount; }

    Matrix tokenIds() { return tokenIds.rows(rowCount); }

    Matrix positions() { return positions.rows(rowCount); }

    RowMap rowMap(int group) { return rowMaps[group]; }

    /// Angles [T, dims] of the rope of that index.
    Matrix angles(int rope) { return angles[rope].rows(rowCount); }
}
