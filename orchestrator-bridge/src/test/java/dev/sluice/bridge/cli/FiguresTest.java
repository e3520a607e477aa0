package dev.sluice.bridge.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.BackendUnavailableException;
import dev.sluice.kernels.Matrix;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.KernelBackendProvider;
import dev.sluice.models.HostMemory;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.TypeConversionException;

/// Goal: sizes, medians, likelihoods and the choice of a backend are right. Method: examples
/// worked out by hand.
final class FiguresTest {
    private record Provider(String name, int preference, String unavailableReason)
            implements KernelBackendProvider {
        @Override
        public String description() { return ""; }

        @Override
        public KernelBackend open(BackendOptions options) {
            throw new AssertionError("only asked about");
        }
    }

    @Test
    void sizes_read_and_written() {
        var converter = new ByteSize.Converter();
        assertEquals(800L << 20, converter.convert("800m").bytes());
        assertEquals(4L << 30, converter.convert("4 GiB").bytes());
        assertEquals(17, converter.convert("17").bytes());
        assertThrows(TypeConversionException.class, () -> converter.convert("4 parsecs"));
        assertEquals("1023 bytes", ByteSize.text(1023));
        assertEquals("1.50 KB", ByteSize.text(1536));
        assertEquals("800 MB", ByteSize.text(800L << 20));
        assertEquals("0.98 GB", ByteSize.text(1000L << 20));
        assertEquals("2048 TB", ByteSize.text(2L << 50));
    }

    @Test
    void medians() {
        assertEquals(2, Bench.median(new double[] {9, 1, 2}));
        assertEquals(2.5, Bench.median(new double[] {9, 3, 1, 2}));
    }

    @Test
    void likelihood() {
        Matrix logits = Matrix.host(new float[] {0, 0, 0, 0, 1000, 0, 0, 0}, 2, 4);
        assertEquals(Math.log(4), PerplexityCommand.negativeLogLikelihood(logits, 0, 2), 1e-12);
        assertEquals(1000, PerplexityCommand.negativeLogLikelihood(logits, 1, 3), 1e-9);
        assertEquals(0, PerplexityCommand.negativeLogLikelihood(logits, 1, 0), 1e-9);
    }

    @Test
    void memory_as_linux_tells_it() {
        assertEquals(new HostMemory(2048, 1024), HostMemory.parse(
                "MemTotal:       2 kB\nMemFree:   9 kB\nMemAvailable:   1 kB\n"));
    }

    @Test
    void auto_says_what_it_chose_and_why() {
        BackendChoice choice = BackendChoice.best(List.of(new Provider("gpu", 9, "no driver"),
                new Provider("fast", 5, ""), new Provider("slow", 1, ""),
                new Provider("judge", -1, "")));
        assertEquals("fast", choice.name());
        assertEquals("backend fast (gpu is unavailable: no driver; slow is usable but slower; "
                + "judge only when asked for)", choice.note());
        assertThrows(BackendUnavailableException.class, () -> BackendChoice.best(
                List.of(new Provider("judge", -1, ""), new Provider("gpu", 9, "no driver"))));
    }
}
