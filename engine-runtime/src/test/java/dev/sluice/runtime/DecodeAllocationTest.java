package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.KvPlan;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: a decode step of the token loop makes no garbage, alone or in a batch, with a sampler that
/// does something, so that collections do not stop the engine. (That a model's forward pass makes
/// none is tested beside the models.)
///
/// Method: bytes allocated by the loop's thread over windows of 100 steps, pages and histories that
/// grow included, until a window is free of them, on a model that makes no objects.
class DecodeAllocationTest {
    private static final int CONTEXT = 1 << 15;
    private static final int STEPS = 100;

    /// Logits that depend on the row's token and position.
    private record QuietLm(KvPlan kvPlan) implements CausalLm {
        @Override
        public int vocab() { return ByteTokenizer.VOCAB; }

        @Override
        public int contextLength() { return CONTEXT; }

        @Override
        public int maxRows() { return 64; }

        @Override
        public int maxSequences() { return 8; }

        @Override
        public void forward(Batch batch, Matrix logits) {
            for (int i = 0; i < batch.logitsRowCount(); i++) {
                int row = batch.logitsRow(i);
                int key = 31 * batch.tokenId(row) + batch.position(row);
                for (int token = 0; token < vocab(); token++) {
                    logits.f32(i, token, (key * (token + 7) % 101) * 0.1f);
                }
            }
        }

        @Override
        public void copyPage(int group, int from, int to) { }

        @Override
        public long pageBytes(int group) { return 1; }

        @Override
        public void exportPage(int group, int page, MemorySegment to) { }

        @Override
        public void importPage(int group, int page, MemorySegment from) { }

        @Override
        public void close() { }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8})
    void aStepAllocatesNothing(int sequences) {
        var model = new QuietLm(new KvPlan(DType.F32, 16, List.of(
                new KvPlan.Group(1, sequences * CONTEXT / 16, 0, 32),
                new KvPlan.Group(1, sequences * 40, 64, 32))));
        var engine = new SimulatedEngine(model, sequences);
        for (int i = 0; i < sequences; i++) {
            var sampling = SamplingParams.defaults().withSeed(i).withTemperature(0.7f)
                    .withTopP(0.9f).withTopK(100).withIgnoreEos(true)
                    .withPenalties(new SamplingParams.Penalties(
                            1.1f, 0.1f, 0, SamplingParams.Scope.OUTPUT, 64));
            engine.submit(GenerateRequest.of(new int[] {1, i}, CONTEXT, sampling)
                    .withSpeculation(i == 7 ? Speculation.promptLookup(4) : Speculation.OFF));
        }
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int window = 0; window < 250 && least > 0; window++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < STEPS; i++) {
                engine.loop.step();
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertEquals(sequences, engine.stats.snapshot().running());
        assertEquals(0, least, "bytes for " + STEPS + " steps");
    }
}
