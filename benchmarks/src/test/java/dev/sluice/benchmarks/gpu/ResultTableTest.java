package dev.sluice.benchmarks.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: the table of GPU results says what the lines say. Method: a handful of lines with figures
/// that are easy to divide.
final class ResultTableTest {
    private static final String CEILINGS = """
            {"part":"ceilings","copyGibibytes":4,"copyGigabytesPerSecond":4000.0,\
            "matmul":"8192^3 BF16","matmulTeraflops":800.0}""";

    private static String table(String... lines) {
        var parsed = new ArrayList<Map<?, ?>>();
        for (String line : lines) {
            parsed.add((Map<?, ?>) Json.parse(line));
        }
        return new ResultTable(parsed).text();
    }

    private static String step(String engine, String encoding, String name, String rest) {
        return ("{\"engine\":\"%s\",\"shape\":\"dense-8b\",\"encoding\":\"%s\",\"case\":\"%s\","
                + "\"lowMilliseconds\":1.0,\"highMilliseconds\":9.0,%s}").formatted(engine,
                encoding, name, rest);
    }

    @Test
    void shares_are_of_the_ceilings_before() {
        String table = table(CEILINGS,
                step("sluice cuda", "Q8_0", "decode 1", "\"milliseconds\":2.0,\"bytes\":6000000000,"
                        + "\"tokensPerSecond\":500.0"),
                step("sluice cuda", "Q8_0", "prefill 2048",
                        "\"milliseconds\":100.0,\"operations\":3.2e13"));
        assertTrue(table.contains("| 500 | 3000 GB/s | 75.0 % | 70 %: reached |"), table);
        assertTrue(table.contains("| 320.0 TFLOP/s | 40.0 % | 40 %: reached |"), table);
    }

    @Test
    void without_ceilings_there_is_no_share() {
        String table = table(step("sluice cuda", "Q8_0", "decode 1",
                "\"milliseconds\":2.0,\"bytes\":6000000000"));
        assertTrue(table.contains("| 3000 GB/s |  |  |"), table);
    }

    @Test
    void a_missed_bar_says_by_how_much() {
        String table = table(CEILINGS, step("sluice cuda", "BF16", "decode 32",
                "\"milliseconds\":2.0,\"bytes\":3000000000"));
        assertTrue(table.contains("50 %: missed by 12.5"), table);
    }

    @Test
    void torch_of_as_many_bits_is_the_rival() {
        String table = table(
                step("sluice cuda", "Q4_0", "decode 1", "\"milliseconds\":2.0"),
                step("torch compiled", "INT4", "decode 1", "\"milliseconds\":3.0"),
                step("torch compiled", "BF16", "decode 1", "\"milliseconds\":8.0"));
        assertTrue(table.contains("| 1.50x int4 4.00x bf16 |"), table);
    }

    @Test
    void the_last_line_of_a_case_counts_and_errors_are_shown() {
        String table = table(
                step("sluice cuda", "Q4_0", "decode 1", "\"error\":\"launch | failed\""),
                step("sluice cuda", "Q4_0", "decode 1", "\"milliseconds\":2.0"),
                step("torch eager", "BF16", "decode 1", "\"error\":\"no memory | left\""));
        assertFalse(table.contains("launch"), table);
        assertTrue(table.contains("no memory / left"), table);
    }

    @Test
    void checks_are_counted_and_failures_named() {
        String check = "{\"part\":\"contract\",\"engine\":\"sluice cuda\",\"case\":\"%s\","
                + "\"outcome\":\"%s\",\"error\":\"%s\"}";
        String table = table(check.formatted("ROPE", "failed", "first try"),
                check.formatted("ADD", "ok", ""), check.formatted("ROPE", "ok", ""),
                check.formatted("SCALE", "failed", "want 1 got 2"));
        assertTrue(table.contains("contract on sluice cuda: 2 of 3 passed"), table);
        assertTrue(table.contains("SCALE: failed: want 1 got 2"), table);
        assertFalse(table.contains("first try"), table);
    }

    @Test
    void a_backend_that_is_not_there_has_passed_and_failed_nothing() {
        String table = table("{\"part\":\"contract\",\"engine\":\"sluice cuda\",\"case\":\"suite\","
                + "\"outcome\":\"not run\",\"error\":\"no driver\"}");
        assertEquals("  contract on sluice cuda: not run: no driver\n", table);
    }

    @Test
    void what_is_outside_of_kernels_is_the_cost_of_launching() {
        String table = table(
                step("sluice cuda", "Q4_0", "decode 1",
                        "\"milliseconds\":2.2,\"logitsMilliseconds\":0.2"),
                step("sluice cuda", "Q4_0", "kernels 1",
                        "\"kernelMilliseconds\":1.9,\"kernels\":300,\"routingShare\":0.09"));
        assertTrue(table.contains("300 launches | outside of kernels 5.0 % routing 9.0 %"), table);
        assertTrue(table.contains("routing <= 8 %: missed"), table);
    }

    @Test
    void a_line_cut_off_by_a_crash_is_left_out(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("results.jsonl");
        new ResultLines(file, Map.of("engine", "x")).append(Map.of("case", "decode 1"));
        Files.writeString(file, Files.readString(file) + "{\"engine\":\"x\",\"ca");
        assertEquals(List.of("decode 1"),
                ResultLines.read(List.of(file)).stream().map(m -> m.get("case")).toList());
    }
}
