package dev.sluice.kernels.vector;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Layout;
import dev.sluice.kernels.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;

/// Products of the vector backend: out [T,N] = x [T,K] * weight [N,K]^T and what is built of them.
///
/// A call is a list of jobs, each one weight and the rows it multiplies: a matmul is one job, a
/// product per head one job a head. The call stages all rows (quantised and laid out), then runs
/// groups of 32 outputs of all jobs as one list of parts, so that small weights still use every
/// thread. Expert layers are at [VectorExperts].
///
/// Every output is made by one part in one order of columns that does not depend on the number of
/// rows, the threads or the vector width; see [BlockSums]. Memory is kept between calls and grown
/// when a call needs more, so that a decode step allocates nothing. Engine thread only.
final class VectorProducts {
    /// Parts a thread, so that a thread that is held back takes fewer of them.
    private static final int PARTS_PER_THREAD = 8;
    /// Outputs that a part of a panel product keeps: 8 groups of 512 rows, 512 KiB, leave room
    /// for the x of a step in a second-level cache of 2 MiB.
    private static final int PART_ROWS_MAX = 4096;
    private static final int PART_GROUPS_MAX = 8;

    private final ComputePool pool;
    private final HostMemory memory;
    private final ProductWorker[] workers;
    /// Formats whose kernels have been warmed up.
    private final EnumSet<PackedFormat> warm = EnumSet.noneOf(PackedFormat.class);
    private final StagedRows staged = new StagedRows();
    private final RowStaging staging;
    private final ComputePool.Task productTask = this::productPart;
    private RowSet[] sets = {};
    private int setCount;
    private ProductJob[] jobs = {};
    private int jobCount;

    /// `memory` holds the packed weights; both belong to the backend, which closes them.
    VectorProducts(ComputePool pool, HostMemory memory) {
        this.pool = pool;
        staging = new RowStaging(pool, staged);
        this.memory = memory;
        workers = new ProductWorker[pool.threads()];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new ProductWorker();
        }
    }

    /// A packed copy of a weight, after which the pages of a mapped file are let go.
    Matrix prepare(Matrix weight) {
        if (weight.layout() == Layout.PACKED) {
            return weight;
        }
        Matrix room = allocateWeight(weight.dtype(), weight.rows(), weight.cols());
        long groupBytes = PackedFormat.of(weight.dtype()).groupBytes(weight.cols());
        pool.run(PackedFormat.groups(weight.rows()), (group, worker) ->
                workers[worker].packer().pack(weight, group, room.memory(),
                        group * groupBytes));
        if (weight.memory().isMapped()) {
            weight.memory().asSlice(weight.byteOffset(), weight.byteSize()).unload();
        }
        return room;
    }

    /// Zeroed room for a packed weight.
    Matrix allocateWeight(DType dtype, int rows, int cols) {
        PackedFormat format = PackedFormat.of(dtype);
        if (warm.add(format)) {
            KernelWarmUp.run(format);
        }
        MemorySegment packed = memory.allocate(format.packedBytes(rows, cols),
                "a %s weight [%d,%d]".formatted(dtype, rows, cols));
        return new Matrix(dtype, rows, cols, Layout.PACKED, packed, 0);
    }

    /// out [T,N] = x [T,K] * weight [N,K]^T
    void matmul(Matrix x, Matrix weight, Matrix out) {
        begin(x, 0, weight, x.rows(), 1);
        countRows(0, x.rows(), 0, 1);
        RowSet set = addSet(PackedFormat.of(weight.dtype()), 0, x.rows());
        addJob(weight, set, out.memory(), out.byteOffset(), 4L * out.cols(), 0);
        execute();
    }

    /// out [T*H, outColumn..+N] at rows t*H+h = x [T*H, xColumn..+K] at rows t*H+h
    /// * weights[h] [N,K]^T
    void headMatmul(Matrix x, int xColumn, List<Matrix> weights, Matrix out, int outColumn) {
        int heads = weights.size();
        int rows = x.rows() / heads;
        begin(x, xColumn, weights.getFirst(), x.rows(), heads);
        for (int h = 0; h < heads; h++) {
            Matrix weight = weights.get(h);
            countRows(h * rows, rows, h, heads);
            RowSet set = addSet(PackedFormat.of(weight.dtype()), h * rows, rows);
            addJob(weight, set, out.memory(), out.byteOffset() + 4L * outColumn, 4L * out.cols(),
                    h * rows);
        }
        execute();
    }

    private void begin(Matrix x, int column, Matrix weight, int rowNumbers, int jobsMax) {
        begin(x.memory(), x.byteOffset() + 4L * column, 4L * x.cols(), weight);
        staged.reserveRowNumbers(rowNumbers);
        reserveJobs(jobsMax);
    }

    private void begin(MemorySegment x, long from, long rowBytes, Matrix weight) {
        staged.begin(weight.cols(), PackedFormat.of(weight.dtype()).paddedColumns(weight.cols()),
                x, from, rowBytes);
        setCount = 0;
        staging.clear();
        jobCount = 0;
    }

    private void reserveJobs(int count) {
        if (jobs.length < count) {
            int had = jobs.length;
            jobs = Arrays.copyOf(jobs, count);
            sets = Arrays.copyOf(sets, count);
            for (int i = had; i < count; i++) {
                jobs[i] = new ProductJob();
                sets[i] = new RowSet();
            }
        }
    }

    /// Row numbers start, start + stride, ..: `count` of them from index `first` on.
    private void countRows(int first, int count, int start, int stride) {
        for (int i = 0; i < count; i++) {
            staged.rowNumbers[first + i] = start + i * stride;
        }
    }

    private RowSet addSet(PackedFormat format, int first, int rows) {
        RowSet set = sets[setCount++];
        staged.plan(set, format, first, rows);
        staging.add(set);
        return set;
    }

    private void addJob(Matrix weight, RowSet set, MemorySegment out, long outFrom,
            long outRowBytes, int firstOut) {
        ProductJob job = jobs[jobCount++];
        job.weight = weight;
        job.next = weight;
        job.format = PackedFormat.of(weight.dtype());
        job.rows = set;
        job.out = out;
        job.outFrom = outFrom;
        job.outRowBytes = outRowBytes;
        job.firstOut = firstOut;
        job.groups = PackedFormat.groups(weight.rows());
    }

    private void execute() {
        staging.run();
        int parts = cutParts();
        pool.run(parts, productTask);
    }

    /// Cuts every job into parts of some groups: enough parts for all threads, few enough that
    /// claiming them costs nothing beside the work.
    private int cutParts() {
        int groups = 0;
        for (int i = 0; i < jobCount; i++) {
            groups += jobs[i].groups;
        }
        int even = Math.max(1, groups / (pool.threads() * PARTS_PER_THREAD));
        int parts = 0;
        for (int i = 0; i < jobCount; i++) {
            ProductJob job = jobs[i];
            int most = even;
            if (job.rows.rowWise) {
                // Whole turns of groups, see ProductWorker, as long as there are enough of them.
                int turn = ProductWorker.GROUPS_TOGETHER;
                most = groups >= turn * pool.threads() ? (even + turn - 1) / turn * turn : even;
            } else {
                most = Math.clamp(PART_ROWS_MAX / Math.max(1, job.rows.slots()), 1,
                        Math.min(even, PART_GROUPS_MAX));
            }
            job.groupsPerPart = job.weight.layout() == Layout.PACKED ? most : 1;
            // Threads take parts in turn.
            job.groupsAhead = pool.threads() * job.groupsPerPart;
            job.firstPart = parts;
            parts += (job.groups + job.groupsPerPart - 1) / job.groupsPerPart;
        }
        return parts;
    }

    private void productPart(int part, int worker) {
        int j = 0;
        while (j + 1 < jobCount && part >= jobs[j + 1].firstPart) {
            j++;
        }
        ProductJob job = jobs[j];
        int from = (part - job.firstPart) * job.groupsPerPart;
        workers[worker].run(job, staged, from, Math.min(from + job.groupsPerPart, job.groups));
    }
}
