package dev.sluice.kernels.contract;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.spi.KernelBackend;
import dev.sluice.kernels.spi.KernelBackendProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// The contract suite without JUnit, for machines that have a device and no build tool:
///
///     ContractRun BACKEND RESULTS
///
/// Runs every check, each on a backend of its own, prints how it went, and appends one JSON line
/// for each to the file RESULTS. A device that failed is opened again for the next check. Exit
/// status: 0 all passed, 1 some failed, 3 the backend can not run here.
public final class ContractRun {
    private static final long SEED = 20261121;
    private static final int MESSAGE_MAX = 600;

    private ContractRun() { }

    public static void main(String[] arguments) throws IOException {
        String backend = arguments[0];
        Path results = Path.of(arguments[1]);
        KernelBackendProvider provider = Kernels.providers().stream()
                .filter(p -> p.name().equals(backend)).findFirst().orElseThrow(() ->
                        new IllegalArgumentException("no backend " + backend + " is packed"));
        String reason = provider.unavailableReason();
        if (!reason.isEmpty()) {
            System.out.println("contract on " + backend + ": not run: " + oneLine(reason));
            append(results, backend, "suite", "not run", reason, 0);
            System.exit(3);
        }
        System.out.println(provider.description());
        int failed = 0;
        for (KernelContract check : KernelContract.values()) {
            failed += run(provider, check, results) ? 0 : 1;
        }
        System.out.printf("contract on %s: %d of %d checks passed%n", backend,
                KernelContract.values().length - failed, KernelContract.values().length);
        System.exit(failed == 0 ? 0 : 1);
    }

    private static boolean run(KernelBackendProvider provider, KernelContract check, Path results)
            throws IOException {
        long start = System.nanoTime();
        String error = "";
        try (KernelBackend subject = provider.open(BackendOptions.defaults())) {
            check.check(subject, SEED);
        } catch (AssertionError | RuntimeException e) {
            error = e.toString();
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("%-26s %-6s %6.1f s %s%n", check, error.isEmpty() ? "ok" : "FAILED",
                seconds, oneLine(error));
        append(results, provider.name(), check.name(), error.isEmpty() ? "ok" : "failed", error,
                seconds);
        return error.isEmpty();
    }

    private static void append(Path results, String backend, String check, String outcome,
            String error, double seconds) throws IOException {
        String quoted = oneLine(error).replace("\\", "\\\\").replace("\"", "\\\"");
        Files.writeString(results, ("{\"part\":\"contract\",\"engine\":\"sluice %s\","
                + "\"case\":\"%s\",\"outcome\":\"%s\",\"seconds\":%.3f,\"error\":\"%s\"}\n")
                .formatted(backend, check, outcome, seconds, quoted),
                StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /// Fit for one line, and for JSON but for quotes and backslashes.
    private static String oneLine(String text) {
        String line = text.replaceAll("\\p{Cntrl}+", " ");
        return line.length() <= MESSAGE_MAX ? line : line.substring(0, MESSAGE_MAX) + "..";
    }
}
