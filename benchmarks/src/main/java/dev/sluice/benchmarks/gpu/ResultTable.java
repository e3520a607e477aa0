package dev.sluice.benchmarks.gpu;

import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// Prints all results as one table in Markdown, and writes them as one JSON file:
///
///     ResultTable JSON RESULTS...
///
/// A share is of the ceilings that the same file measured before it: bytes that must move over the
/// time of the copy, operations over the rate of the large product. Of lines about the same case
/// the last one counts, so a part that is run again replaces what it gave before.
public final class ResultTable {
    private static final String HEAD = """
            | model | case | engine | ms (low .. high) | tok/s | rate | share | bar \
            | torch compiled |
            |---|---|---|---|---|---|---|---|---|
            """;

    /// One case of one engine, with the ceilings that were measured with it.
    private record Row(Map<?, ?> line, Map<?, ?> ceilings) {
        String text(String key) { return line.get(key) instanceof String s ? s : ""; }

        double number(String key) {
            return line.get(key) instanceof Number n ? n.doubleValue() : Double.NaN;
        }

        double ceiling(String key) {
            return ceilings.get(key) instanceof Number n ? n.doubleValue() : Double.NaN;
        }

        String model() { return text("shape") + " " + text("encoding"); }

        String name() { return text("case"); }
    }

    private final Map<String, Row> rows = new LinkedHashMap<>();
    private final Map<String, int[]> checks = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();
    private final List<String> facts = new ArrayList<>();

    ResultTable(List<Map<?, ?>> lines) {
        Map<?, ?> ceilings = Map.of();
        var outcomes = new LinkedHashMap<String, Map<?, ?>>();
        for (Map<?, ?> line : lines) {
            var row = new Row(line, ceilings);
            if (row.text("part").equals("ceilings")) {
                ceilings = line;
                facts.add("ceilings: copy of %.0f GiB %.0f GB/s, %s matmul %.0f TFLOP/s".formatted(
                        row.number("copyGibibytes"), row.number("copyGigabytesPerSecond"),
                        row.text("matmul"), row.number("matmulTeraflops")));
            } else if (row.text("part").equals("machine")) {
                facts.add(row.text("text"));
            } else if (!row.text("outcome").isEmpty()) {
                outcomes.put(row.text("part") + row.text("engine") + row.name(), line);
            } else {
                rows.put(row.model() + row.name() + row.text("engine"), row);
            }
        }
        outcomes.values().forEach(line -> count(new Row(line, Map.of())));
    }

    private void count(Row row) {
        if (row.text("outcome").equals("not run")) {
            failures.add("%s on %s: not run: %s".formatted(row.text("part"), row.text("engine"),
                    row.text("error")));
            return;
        }
        int[] counts = checks.computeIfAbsent(row.text("part") + " on " + row.text("engine"),
                _ -> new int[2]);
        counts[1]++;
        if (row.text("outcome").equals("ok")) {
            counts[0]++;
        } else {
            failures.add("%s %s: %s: %s".formatted(row.text("engine"), row.name(),
                    row.text("outcome"), row.text("error")));
        }
    }

    public static void main(String[] arguments) throws IOException {
        var files = new ArrayList<Path>();
        for (int i = 1; i < arguments.length; i++) {
            files.add(Path.of(arguments[i]));
        }
        List<Map<?, ?>> lines = ResultLines.read(files);
        Files.writeString(Path.of(arguments[0]), Json.write(lines) + "\n");
        System.out.print(new ResultTable(lines).text());
    }

    String text() {
        var out = new StringBuilder();
        facts.stream().distinct().forEach(fact -> out.append(fact).append('\n'));
        checks.forEach((name, counts) -> out.append("%s: %d of %d passed%n".formatted(name,
                counts[0], counts[1])));
        failures.forEach(failure -> out.append("  ").append(failure).append('\n'));
        if (!rows.isEmpty()) {
            out.append('\n').append(HEAD);
            rows.values().stream()
                    .sorted((a, b) -> (a.model() + a.name()).compareTo(b.model() + b.name()))
                    .forEach(row -> out.append(line(row)));
        }
        return out.toString();
    }

    private String line(Row row) {
        if (!row.text("error").isEmpty()) {
            return "| %s | %s | %s | %s | | | | | |\n".formatted(row.model(), row.name(),
                    row.text("engine"), row.text("error").replace('|', '/'));
        }
        if (!Double.isNaN(row.number("kernelMilliseconds"))) {
            return kernels(row);
        }
        String rate = "";
        double share = Double.NaN;
        if (!Double.isNaN(row.number("bytes"))) {
            double gigabytes = row.number("bytes") / row.number("milliseconds") / 1e6;
            rate = "%.0f GB/s".formatted(gigabytes);
            share = gigabytes / row.ceiling("copyGigabytesPerSecond");
        } else if (!Double.isNaN(row.number("operations"))) {
            double teraflops = row.number("operations") / row.number("milliseconds") / 1e9;
            rate = "%.1f TFLOP/s".formatted(teraflops);
            share = teraflops / row.ceiling("matmulTeraflops");
        } else if (!Double.isNaN(row.number("routerCombineShare"))) {
            rate = "router + combine";
            share = row.number("routerCombineShare");
        }
        return "| %s | %s | %s | %.3f (%.3f .. %.3f) | %s | %s | %s | %s | %s |\n".formatted(
                row.model(), row.name(), row.text("engine"), row.number("milliseconds"),
                row.number("lowMilliseconds"), row.number("highMilliseconds"),
                number("%.0f", row.number("tokensPerSecond")), rate,
                number("%.1f %%", 100 * share), bar(row, share), againstTorch(row));
    }

    /// Kernels alone: the rest of the step's time, but for the logits' way to the host, is what
    /// launching or replaying costs.
    private String kernels(Row row) {
        double kernels = row.number("kernelMilliseconds");
        double routing = row.number("routingShare");
        String decode = row.name().replace("kernels", "decode");
        Row step = rows.get(row.model() + decode + row.text("engine"));
        double rest = step == null ? Double.NaN : 1 - kernels / (step.number("milliseconds")
                - step.number("logitsMilliseconds"));
        String found = Double.isNaN(rest) ? "" : "outside of kernels %.1f %%".formatted(100 * rest);
        String shares = Double.isNaN(routing) ? found
                : found + " routing %.1f %%".formatted(100 * routing);
        String bar = Double.isNaN(routing) ? "" : routing <= 0.08 ? "routing <= 8 %: reached"
                : "routing <= 8 %: missed";
        return "| %s | %s | %s | %.3f | | %.0f launches | %s | %s | |\n".formatted(row.model(),
                row.name(), row.text("engine"), kernels, row.number("kernels"), shares.strip(),
                bar);
    }

    private static String bar(Row row, double share) {
        if (!row.text("engine").startsWith("sluice") || Double.isNaN(share)) {
            return "";
        }
        double least = row.name().startsWith("prefill") ? 0.4
                : row.name().equals("decode 1") ? 0.7 : 0.5;
        if (row.name().startsWith("moe layer")) {
            return "";
        }
        return "%.0f %%: %s".formatted(100 * least, share >= least ? "reached" : "missed by %.1f"
                .formatted(100 * (least - share)));
    }

    /// How many times as fast as PyTorch, compiled and with weights of as many bits.
    private String againstTorch(Row row) {
        if (!row.text("engine").startsWith("sluice")) {
            return "";
        }
        String bits = switch (row.text("encoding")) {
            case "Q8_0" -> "INT8";
            case "Q4_0" -> "INT4";
            default -> "BF16";
        };
        var found = new StringBuilder();
        for (String format : bits.equals("BF16") ? List.of(bits) : List.of(bits, "BF16")) {
            Row torch = rows.get(row.text("shape") + " " + format + row.name() + "torch compiled");
            if (torch != null && !Double.isNaN(torch.number("milliseconds"))) {
                found.append("%.2fx %s ".formatted(
                        torch.number("milliseconds") / row.number("milliseconds"),
                        format.toLowerCase(Locale.ROOT)));
            }
        }
        return found.toString().strip();
    }

    private static String number(String format, double value) {
        return Double.isNaN(value) ? "" : format.formatted(value);
    }
}
