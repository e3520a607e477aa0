package dev.sluice.benchmarks.gpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// What a profiler saw of the kernels of one step. Reads the table that Nsight Compute prints with
/// `--csv --page raw --print-units base --metrics gpu__time_duration.sum`, takes the launches of
/// the last step (which begins with a kernel that embeds tokens), and appends a line of results:
///
///     --csv FILE --out results.jsonl --engine cuda --shape moe-30b --encoding Q4_0 --case NAME
public final class KernelTimes {
    private static final String METRIC = "gpu__time_duration.sum";
    private static final Pattern NUMBER = Pattern.compile("[0-9.]+(e[+-]?[0-9]+)?");
    /// Choosing experts, counting, the order of rows, moving rows into it, adding them up.
    private static final Pattern ROUTING = Pattern.compile(
            "rout|dispatch|order|permut|combine|count_experts");
    private static final Pattern EXPERTS = Pattern.compile("grouped");

    /// One launch.
    record Kernel(String name, double nanos) { }

    private KernelTimes() { }

    public static void main(String[] arguments) throws IOException {
        var options = new Options(arguments);
        List<Kernel> step = lastStep(parse(Files.readAllLines(Path.of(options.text("csv")))));
        var common = new LinkedHashMap<String, Object>();
        common.put("engine", "sluice " + options.text("engine"));
        common.put("shape", options.text("shape"));
        common.put("encoding", options.text("encoding"));
        common.put("case", options.text("case"));
        Path out = Path.of(options.text("out"));
        options.requireAllAsked();
        if (step.isEmpty()) {
            new ResultLines(out, common).append(Map.of("error", "the profiler saw no kernels"));
            System.exit(1);
        }
        new ResultLines(out, common).append(summary(step));
        print(step);
    }

    /// The rows of the table; lines around it, and the row of units, are left out.
    static List<Kernel> parse(List<String> lines) {
        var kernels = new ArrayList<Kernel>();
        int name = -1;
        int time = -1;
        for (String line : lines) {
            List<String> cells = cells(line);
            if (cells.contains(METRIC)) {
                name = cells.indexOf("Kernel Name");
                time = cells.indexOf(METRIC);
            } else if (time >= 0 && cells.size() > time) {
                String value = cells.get(time).replace(",", "");
                if (NUMBER.matcher(value).matches()) {
                    kernels.add(new Kernel(cells.get(name), Double.parseDouble(value)));
                }
            }
        }
        return kernels;
    }

    private static List<String> cells(String line) {
        var cells = new ArrayList<String>();
        var cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                cells.add(cell.toString());
                cell.setLength(0);
            } else {
                cell.append(c);
            }
        }
        cells.add(cell.toString());
        return cells;
    }

    static List<Kernel> lastStep(List<Kernel> kernels) {
        for (int i = kernels.size() - 1; i >= 0; i--) {
            if (kernels.get(i).name.contains("embed")) {
                return kernels.subList(i, kernels.size());
            }
        }
        return kernels;
    }

    /// Of the whole step, and which share of its expert layers is not experts' products. A layer
    /// goes from the router's product, which is the launch before the choice where that is not a
    /// part of it, to the sum of the experts' rows.
    static Map<String, Object> summary(List<Kernel> step) {
        double total = 0;
        double layers = 0;
        double routing = 0;
        boolean inside = false;
        for (int i = 0; i < step.size(); i++) {
            Kernel kernel = step.get(i);
            total += kernel.nanos;
            if (!inside && kernel.name.contains("rout")) {
                inside = true;
                // A router's product of its own, and the staging of its rows.
                for (int j = i - 1; j >= 0 && isRouterProduct(step.get(j)); j--) {
                    layers += step.get(j).nanos;
                    routing += step.get(j).nanos;
                }
            }
            if (inside) {
                layers += kernel.nanos;
                routing += ROUTING.matcher(kernel.name).find()
                        && !EXPERTS.matcher(kernel.name).find() ? kernel.nanos : 0;
                inside = !kernel.name.contains("combine");
            }
        }
        var line = new LinkedHashMap<String, Object>();
        line.put("kernelMilliseconds", total / 1e6);
        line.put("kernels", (long) step.size());
        if (layers > 0) {
            line.put("moeLayersMilliseconds", layers / 1e6);
            line.put("routingShare", routing / layers);
        }
        return line;
    }

    private static boolean isRouterProduct(Kernel kernel) {
        return kernel.name.contains("product") || kernel.name.contains("quantise")
                || kernel.name.contains("stage");
    }

    private static void print(List<Kernel> step) {
        var byName = new LinkedHashMap<String, double[]>();
        for (Kernel kernel : step) {
            double[] sums = byName.computeIfAbsent(kernel.name, _ -> new double[2]);
            sums[0] += kernel.nanos;
            sums[1]++;
        }
        byName.entrySet().stream()
                .sorted((a, b) -> Double.compare(b.getValue()[0], a.getValue()[0]))
                .forEach(e -> System.out.printf("%-40s %6.0f launches %10.1f us%n", e.getKey(),
                        e.getValue()[1], e.getValue()[0] / 1e3));
    }
}
