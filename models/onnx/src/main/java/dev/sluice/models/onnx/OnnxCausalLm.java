package dev.sluice.models.onnx;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;
import dev.sluice.models.MalformedBatchException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/// A decoder that ONNX Runtime executes. A step's sequences run one after another, so none pays
/// for another's length and none changes another's result. A page of keys and values is a whole
/// sequence ([SequenceCache]). Weights are the session's. Engine thread only.
final class OnnxCausalLm implements CausalLm {
    /// Bytes of logits of one run; longer chunks are run in parts.
    private static final long LOGITS_BYTES_MAX = 64L << 20;

    private final OrtSession session;
    private final DecoderSignature signature;
    private final Sizes sizes;
    private final KvPlan kvPlan;
    private final SequenceCache cache;
    private final Runnable closing;
    private final Arena arena = Arena.ofShared();
    private final FeedBuffers feeds;
    private final MemorySegment logits;
    private final int runRows;
    private Runnable pause = () -> { };
    private boolean closed;

    /// @param positions  of one sequence
    record Sizes(int vocab, int positions, int maxRows, int maxSequences) { }

    /// @param closing  run in the end, when the session is closed
    OnnxCausalLm(OrtSession session, DecoderSignature signature, Sizes sizes, KvPlan kvPlan,
            Runnable closing) {
        this.session = session;
        this.signature = signature;
        this.sizes = sizes;
        this.kvPlan = kvPlan;
        this.closing = closing;
        int pages = kvPlan.groups().getFirst().pages();
        cache = signature.shared()
                ? new SharedCache(signature.caches(), sizes.positions, pages)
                : new GrowingCache(signature.caches(), sizes.positions, pages);
        long rowBytes = signature.logits().type().bytes(sizes.vocab);
        runRows = Math.clamp(LOGITS_BYTES_MAX / rowBytes, 1, sizes.maxRows);
        feeds = new FeedBuffers(signature.feeds(), arena, sizes.positions, runRows);
        logits = arena.allocate(rowBytes * runRows, 64);
    }

    @Override
    public int vocab() { return sizes.vocab; }

    @Override
    public int contextLength() { return sizes.positions; }

    @Override
    public int maxRows() { return sizes.maxRows; }

    @Override
    public int maxSequences() { return sizes.maxSequences; }

    @Override
    public KvPlan kvPlan() { return kvPlan; }

    // ---- steps --------------------------------------------------------------------------

    @Override
    public void forward(Batch batch, Matrix out) {
        check(batch);
        int wanted = 0;
        int row = 0;
        while (row < batch.rowCount()) {
            int end = runEnd(batch, row, wanted);
            run(batch, row, end);
            while (wanted < batch.logitsRowCount() && batch.logitsRow(wanted) < end) {
                int inRun = signature.lastRowOnly() ? 0 : batch.logitsRow(wanted) - row;
                copyLogits(inRun, out, wanted);
                wanted++;
            }
            row = end;
            if (row < batch.rowCount()) {
                pause.run();
            }
        }
    }

    /// Between runs: a graph has no layers that anyone could stand between.
    @Override
    public void pauseBetweenLayers(Runnable called) { pause = called; }

    /// Rows of one sequence, as many as a run may have; where a graph gives the last row's logits
    /// only, up to the next row that wants some.
    private int runEnd(Batch batch, int row, int wanted) {
        int end = row + 1;
        while (end < batch.rowCount() && batch.sequence(end) == batch.sequence(row)
                && end - row < runRows) {
            boolean asked = signature.lastRowOnly() && wanted < batch.logitsRowCount()
                    && batch.logitsRow(wanted) == end - 1;
            if (asked) {
                return end;
            }
            end++;
        }
        return end;
    }

    private void check(Batch batch) {
        if (batch.rowCount() < 1 || batch.rowCount() > sizes.maxRows
                || batch.sequenceCount() > sizes.maxSequences) {
            throw new MalformedBatchException("%d rows of %d sequences, room for %d of %d"
                    .formatted(batch.rowCount(), batch.sequenceCount(), sizes.maxRows,
                            sizes.maxSequences));
        }
        for (int r = 0; r < batch.rowCount(); r++) {
            boolean follows = r == 0 || batch.sequence(r) != batch.sequence(r - 1)
                    || batch.position(r) == batch.position(r - 1) + 1;
            if (batch.tokenId(r) < 0 || batch.tokenId(r) >= sizes.vocab || !follows
                    || batch.position(r) >= sizes.positions) {
                throw new MalformedBatchException(
                        "token %d at position %d: a vocabulary of %d, %d positions in a row"
                                .formatted(batch.tokenId(r), batch.position(r), sizes.vocab,
                                        sizes.positions));
            }
        }
    }

    /// One run of the graph over rows `[row, end)`, which are neighbours in one sequence.
    private void run(Batch batch, int row, int end) {
        int page = batch.pages(batch.sequence(row), 0)[0];
        int past = batch.position(row);
        Map<String, OnnxTensor> inputs = new HashMap<>(cache.past(page, past));
        Map<String, OnnxTensor> pinned = new HashMap<>(cache.present(page));
        try (OnnxTensor logitsOut = logitsTensor(end - row)) {
            feeds.fill(batch, row, end, inputs);
            pinned.put(signature.logits().name(), logitsOut);
            OrtSession.Result result = session.run(inputs, cache.returned(), pinned);
            if (!cache.ran(page, past + end - row, result)) {
                result.close();
            }
        } catch (OrtException e) {
            throw new GraphRunException("ONNX Runtime, %d rows from position %d: %s".formatted(
                    end - row, past, e.getMessage()), e);
        } finally {
            feeds.release();
        }
    }

    private OnnxTensor logitsTensor(int count) {
        OnnxType type = signature.logits().type();
        int rows = signature.lastRowOnly() ? 1 : count;
        MemorySegment memory = logits.asSlice(0, type.bytes((long) rows * sizes.vocab));
        return signature.logits().dims().length == 2
                ? Tensors.view(memory, type, 1, sizes.vocab)
                : Tensors.view(memory, type, 1, rows, sizes.vocab);
    }

    private void copyLogits(int row, Matrix out, int outRow) {
        int vocab = sizes.vocab;
        if (signature.logits().type() == OnnxType.FLOAT) {
            MemorySegment.copy(logits, 4L * row * vocab, out.memory(),
                    out.byteOffset() + 4L * outRow * vocab, 4L * vocab);
            return;
        }
        boolean half = signature.logits().type() == OnnxType.FLOAT16;
        for (int i = 0; i < vocab; i++) {
            short bits = logits.getAtIndex(JAVA_SHORT_UNALIGNED, (long) row * vocab + i);
            out.f32(outRow, i, half ? Float.float16ToFloat(bits)
                    : Float.intBitsToFloat(bits << 16));
        }
    }

    // ---- pages --------------------------------------------------------------------------

    @Override
    public void copyPage(int group, int from, int to) {
        cache.copy(from, to);
    }

    @Override
    public long pageBytes(int group) {
        return kvPlan.groups().getFirst().bytesPerPage();
    }

    @Override
    public void exportPage(int group, int page, MemorySegment to) {
        cache.exportTo(page, to);
    }

    @Override
    public void importPage(int group, int page, MemorySegment from) {
        cache.importFrom(page, from);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            cache.close();
            closing.run();
            arena.close();
        }
    }
}
