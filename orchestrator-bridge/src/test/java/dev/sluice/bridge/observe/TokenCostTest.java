package dev.sluice.bridge.observe;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.lang.management.ManagementFactory;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

/// Goal: noting a token costs nothing that a token's reader would notice. Method: many tokens of
/// one answer on one thread; the figures are printed.
final class TokenCostTest {
    private static final int TOKENS = 200_000;
    /// A tiny model's token takes 100 times as long; a loaded machine may be slow.
    private static final double NANOS_MAX = 20_000;
    private static final double BYTES_MAX = 32;

    @Test
    void aTokenIsNotedInLittleTimeAndNoMemory() {
        var meters = new ModelMeters(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT), "m");
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        var nanos = new double[5];
        double bytes = 0;
        for (int round = 0; round < nanos.length; round++) {
            long bytesBefore = threads.getCurrentThreadAllocatedBytes();
            long begin = System.nanoTime();
            for (int i = 0; i < TOKENS; i++) {
                meters.nextToken(1_000_000 + i);
            }
            nanos[round] = (double) (System.nanoTime() - begin) / TOKENS;
            bytes = (double) (threads.getCurrentThreadAllocatedBytes() - bytesBefore) / TOKENS;
        }
        double best = DoubleStream.of(nanos).min().orElseThrow();
        System.out.printf("a token is noted in %.0f ns and %.1f bytes%n", best, bytes);
        assertTrue(best < NANOS_MAX, best + " ns");
        assertTrue(bytes < BYTES_MAX, bytes + " bytes");
    }
}
