package dev.sluice.models.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.Batch;
import dev.sluice.models.CausalLm;
import dev.sluice.models.GraphOptions;
import dev.sluice.models.LoadOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Goal: pages of a graph's keys and values can be continued, forked, cut, exported and mixed in a
/// step like those of our own models. Method: the same tokens computed straight through, on a graph
/// that appends in place, on the same run the naive way, and on one that torch exported, whose
/// logits torch computed (`make_graphs.py`).
class GraphStepsTest {
    private static final Path TORCH =
            Path.of("src/test/resources/dev/sluice/models/onnx/decoder");
    private static final int CONTEXT = 80;
    /// Another order of sums where rows are computed in other chunks.
    private static final double CHUNK_ERROR_MAX = 1e-4;

    @TempDir
    private static Path folder;

    /// Which graph, and whether it may append in place.
    private record Kind(Path graph, boolean sharing, Golden golden) {
        CausalLm open(int sequences) {
            OnnxFolder opened = OnnxFolder.open(graph, sharing);
            var options = new LoadOptions(DType.F32, CONTEXT, sequences, 64)
                    .withGraph(new GraphOptions("cpu", 1));
            return opened.load(opened.plan(options), options);
        }

        @Override
        public String toString() {
            return graph.getFileName() + (sharing ? " in place" : " copied");
        }
    }

    @BeforeAll
    static void export() {
        OnnxExport.write(Golden.root().resolve("llama").resolve("model-f32.gguf"),
                folder.resolve("llama"), WeightForm.F32, _ -> { });
    }

    static Stream<Kind> kinds() {
        Golden llama = Golden.read(Golden.root().resolve("llama"), "golden-logits.f32");
        return Stream.of(new Kind(folder.resolve("llama"), true, llama),
                new Kind(folder.resolve("llama"), false, llama),
                new Kind(TORCH, true, Golden.read(TORCH, "golden-logits.f32")));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void logits_and_greedy_text_are_the_golden_ones(Kind kind) {
        for (int chunk : new int[] {1, 17, 40}) {
            try (CausalLm lm = kind.open(1)) {
                var greedy = new int[kind.golden.greedy().length];
                float[] got = Golden.run(lm, kind.golden.prompt(), chunk, greedy);
                double error = Golden.largestDifference(got, kind.golden.logits());
                assertTrue(error <= CHUNK_ERROR_MAX, "chunks of %d: largest difference %.2e"
                        .formatted(chunk, error));
                assertArrayEquals(kind.golden.greedy(), greedy, "chunks of " + chunk);
            }
        }
    }

    /// A sequence's bits do not depend on who else is in the step.
    @ParameterizedTest
    @MethodSource("kinds")
    void sequences_of_a_step_do_not_touch_each_other(Kind kind) {
        int[] ids = kind.golden.prompt();
        try (CausalLm lm = kind.open(2)) {
            float[] alone = Golden.step(lm, Arrays.copyOf(ids, 9), 0, 0);
            Golden.step(lm, Arrays.copyOfRange(ids, 20, 25), 0, 1);
            var batch = new Batch(16, 2);
            batch.clear();
            batch.sequence(Golden.pages(lm, 2));
            for (int i = 0; i < 9; i++) {
                batch.row(ids[i], i, true);
            }
            batch.sequence(Golden.pages(lm, 1));
            batch.row(ids[25], 5, true);
            var logits = new float[10 * lm.vocab()];
            lm.forward(batch, Matrix.host(logits, 10, lm.vocab()));
            assertArrayEquals(alone, Arrays.copyOf(logits, alone.length));
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void a_fork_goes_on_as_if_it_were_alone(Kind kind) {
        int[] ids = kind.golden.prompt();
        try (CausalLm lm = kind.open(2)) {
            Golden.step(lm, Arrays.copyOf(ids, 12), 0, 0);
            lm.copyPage(0, 0, 1);
            float[] other = Golden.step(lm, new int[] {3, 4, 5}, 12, 1);
            float[] first = Golden.step(lm, Arrays.copyOfRange(ids, 12, 15), 12, 0);
            float[] again = Golden.step(lm, new int[] {7}, 15, 1);
            // Straight through, in the same chunks.
            Golden.step(lm, Arrays.copyOf(ids, 12), 0, 2);
            assertArrayEquals(Golden.step(lm, new int[] {3, 4, 5}, 12, 2), other);
            assertArrayEquals(Golden.step(lm, new int[] {7}, 15, 2), again);
            assertArrayEquals(
                    Golden.step(lm, Arrays.copyOfRange(ids, 12, 15), 12, 2), first);
        }
    }

    /// Rejected guesses: the last step above cut page 2 back too.
    @ParameterizedTest
    @MethodSource("kinds")
    void a_cut_sequence_forgets_what_was_behind(Kind kind) {
        int[] ids = kind.golden.prompt();
        try (CausalLm lm = kind.open(1)) {
            Golden.step(lm, Arrays.copyOf(ids, 12), 0, 0);
            float[] straight = Golden.step(lm, Arrays.copyOfRange(ids, 12, 16), 12, 0);
            Golden.step(lm, new int[] {1, 2, 3}, 16, 0);
            assertArrayEquals(straight,
                    Golden.step(lm, Arrays.copyOfRange(ids, 12, 16), 12, 0));
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void an_exported_page_goes_on_elsewhere(Kind kind) {
        int[] ids = kind.golden.prompt();
        try (CausalLm lm = kind.open(1); CausalLm other = kind.open(1);
                Arena arena = Arena.ofConfined()) {
            assertEquals(lm.kvPlan().groups().getFirst().bytesPerPage(), lm.pageBytes(0));
            MemorySegment bytes = arena.allocate(lm.pageBytes(0));
            Golden.step(lm, Arrays.copyOf(ids, 12), 0, 1);
            lm.exportPage(0, 1, bytes);
            float[] straight = Golden.step(lm, Arrays.copyOfRange(ids, 12, 16), 12, 1);
            other.importPage(0, 0, bytes);
            assertArrayEquals(straight,
                    Golden.step(other, Arrays.copyOfRange(ids, 12, 16), 12, 0));
        }
    }
}
