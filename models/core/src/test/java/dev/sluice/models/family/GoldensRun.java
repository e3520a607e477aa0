package dev.sluice.models.family;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.spi.KernelBackendProvider;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/// The goldens without JUnit, for machines that have a device and no build tool:
///
///     GoldensRun BACKEND RESULTS FOLDER...
///
/// Judges every case of the folders, prints how it went, and appends one JSON line for each to the
/// file RESULTS. Exit status: 0 all passed, 1 some failed, 3 the backend can not run here.
public final class GoldensRun {
    private GoldensRun() { }

    public static void main(String[] arguments) throws IOException {
        String backend = arguments[0];
        Path results = Path.of(arguments[1]);
        KernelBackendProvider provider = Kernels.providers().stream()
                .filter(p -> p.name().equals(backend)).findFirst().orElseThrow(() ->
                        new IllegalArgumentException("no backend " + backend + " is packed"));
        if (!provider.unavailableReason().isEmpty()) {
            System.out.println("goldens on " + backend + ": not run, as the contract says");
            System.exit(3);
        }
        var cases = new ArrayList<GoldenCase>();
        for (String folder : List.of(arguments).subList(2, arguments.length)) {
            Path root = Path.of(folder);
            cases.addAll(GoldenCase.families(root));
            cases.addAll(GoldenCase.encodings(root));
            cases.addAll(GoldenCase.longPrompts(root));
        }
        int failed = 0;
        for (GoldenCase golden : cases) {
            failed += run(backend, golden, results) ? 0 : 1;
        }
        System.out.printf("goldens on %s: %d of %d cases passed%n", backend,
                cases.size() - failed, cases.size());
        System.exit(failed == 0 ? 0 : 1);
    }

    private static boolean run(String backend, GoldenCase golden, Path results)
            throws IOException {
        long start = System.nanoTime();
        String error = "";
        double relative = 0;
        try {
            relative = golden.check(Kernels.open(backend, BackendOptions.defaults()),
                    backend.equals("reference"));
        } catch (AssertionError | RuntimeException e) {
            error = e.toString();
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("%-40s %-6s %6.1f s %s%n", golden.name(),
                error.isEmpty() ? "ok" : "FAILED", seconds,
                error.isEmpty() ? "relative error %.1e".formatted(relative) : error);
        var line = new LinkedHashMap<String, Object>();
        line.put("part", "goldens");
        line.put("engine", "sluice " + backend);
        line.put("case", golden.name());
        line.put("outcome", error.isEmpty() ? "ok" : "failed");
        line.put("relativeError", relative);
        line.put("seconds", seconds);
        line.put("error", error);
        Files.writeString(results, Json.write(line) + "\n", StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
        return error.isEmpty();
    }
}
