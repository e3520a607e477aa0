package dev.sluice.benchmarks.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Goal: a report's figures are those of its requests, to the last digit. Method: requests with
/// made-up times.
final class LoadReportTest {
    private static final long MILLI = 1_000_000;

    /// First piece after `first` ms, then three more, `gap` ms apart.
    private static Measured request(long plannedMillis, long first, long gap) {
        var chunks = new long[4];
        for (int i = 0; i < chunks.length; i++) {
            chunks[i] = (plannedMillis + first + i * gap) * MILLI;
        }
        return new Measured(plannedMillis * MILLI, chunks, chunks[3] + MILLI, 100, 60, 4, "");
    }

    @Test
    void percentilesAreMeasuredValues() {
        double[] values = new double[100];
        for (int i = 0; i < 100; i++) {
            values[i] = 100 - i;
        }
        Percentiles of = Percentiles.ofMillis(values);
        assertEquals(50, of.at(0.5));
        assertEquals(90, of.at(0.9));
        assertEquals(99, of.at(0.99));
        assertEquals(100, of.at(1));
        assertEquals(1, of.at(0));
        assertEquals(50.5, of.mean());
        Percentiles two = Percentiles.ofMillis(new double[] {3, 7});
        assertEquals(3, two.at(0.5));
        assertEquals(7, two.at(0.51));
        assertEquals(0, Percentiles.ofMillis(new double[0]).at(0.99));
    }

    @Test
    void everyFigureOfARun() {
        var goals = new LoadReport.Goals(200, 10);
        List<Measured> requests = List.of(
                request(0, 100, 10),       // good, to the limit
                request(100, 200, 11),     // too slow after the first
                request(200, 201, 5),      // too late
                Measured.failed(300 * MILLI, 2001 * MILLI, "HTTP 503"),
                Measured.failed(300 * MILLI, 400 * MILLI, "HTTP 503"));
        LoadReport report = LoadReport.of(requests, goals);
        assertEquals(2.001, report.seconds(), 1e-12);
        assertEquals(12, report.tokens());
        assertEquals(12 / 2.001, report.tokensPerSecond(), 1e-9);
        assertEquals(300, report.promptTokens());
        assertEquals(180, report.cachedTokens());
        assertEquals(1, report.good());
        assertEquals(1 / 2.001, report.goodput(), 1e-9);
        assertEquals(Map.of("HTTP 503", 2), report.errors());
        assertEquals(200, report.first().at(0.5));
        assertEquals(201, report.first().at(0.99));
        assertEquals(9, report.gaps().sorted().length);
        assertEquals(10, report.gaps().at(0.5));
        assertEquals(11, report.gaps().at(0.99));
        assertEquals(11, report.perToken().at(1));
        // 100 + 30 + 1, 200 + 33 + 1, 201 + 15 + 1
        assertEquals(217, report.endToEnd().at(0.5));
        assertEquals(234, report.endToEnd().at(0.9));
        var json = (Map<?, ?>) report.json().get("ttft_ms");
        assertEquals(200.0, json.get("p50"));
        assertEquals(3L, json.get("count"));
    }

    @Test
    void nothingMeasuredIsNoError() {
        LoadReport report = LoadReport.of(List.of(), new LoadReport.Goals(1, 1));
        assertEquals(0, report.tokensPerSecond());
        assertEquals(0, report.goodput());
        assertEquals(List.of(), new ArrayList<>(report.errors().keySet()));
    }
}
