package dev.sluice.benchmarks;

import dev.sluice.kernels.DType;
import java.util.Collection;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/// Runs the benchmarks with JMH's own arguments, then prints what the times mean: of a product the
/// bytes of weights per second, the share of the memory bandwidth that [StreamBenchmark] reached
/// in the same run, and arithmetic per second; of a routing step its share of the bandwidth of
/// copying; of a tokenizer megabytes of text per second.
public final class Run {
    private Run() { }

    public static void main(String[] args) throws RunnerException, CommandLineOptionException {
        var options = new CommandLineOptions(args);
        Collection<RunResult> results = new Runner(
                new OptionsBuilder().parent(options).shouldFailOnError(true).build()).run();
        System.out.printf("%nJDK %s, %d processors%n", Runtime.version(),
                Runtime.getRuntime().availableProcessors());
        double bandwidth = 0;
        for (RunResult result : results) {
            if (result.getParams().getBenchmark().endsWith(StreamBenchmark.METHOD)) {
                bandwidth = result.getParams().getThreads() * StreamBenchmark.BYTES_PER_THREAD
                        / result.getPrimaryResult().getScore();
                System.out.printf("memory read %.1f GB/s%n", bandwidth / 1e9);
            }
        }
        for (RunResult result : results) {
            if (result.getParams().getBenchmark().endsWith(MatmulBenchmark.METHOD)) {
                System.out.println(product(result, bandwidth));
            } else if (result.getParams().getBenchmark().contains(RoutingBenchmark.NAME)) {
                System.out.println(routing(result, results));
            } else if (result.getParams().getBenchmark().contains(StatisticsBenchmark.NAME)) {
                System.out.println(statistics(result));
            } else if (result.getParams().getBenchmark().contains(TokenizerBenchmark.NAME)) {
                System.out.println(text(result));
            }
        }
    }

    private static String text(RunResult result) {
        BenchmarkParams params = result.getParams();
        double seconds = result.getPrimaryResult().getScore();
        return "tokenizer %-10s %-7s %7.2f MB/s".formatted(params.getParam("vocabulary"),
                params.getBenchmark().replaceAll(".*[.]", ""),
                TokenizerBenchmark.TEXT_BYTES / seconds / 1e6);
    }

    /// Of a whole step also the share of the bandwidth that copying reached in the same run.
    private static String routing(RunResult result, Collection<RunResult> results) {
        BenchmarkParams params = result.getParams();
        int tokens = Integer.parseInt(params.getParam("tokens"));
        double micros = result.getPrimaryResult().getScore();
        String line = "routing %-11s %4d tokens %-7s %10.2f us".formatted(
                params.getParam("scoring"), tokens, params.getBenchmark().replaceAll(".*[.]", ""),
                micros);
        double copied = results.stream()
                .filter(other -> other.getParams().getBenchmark()
                        .endsWith(RoutingBenchmark.NAME + "copy"))
                .mapToDouble(other -> RoutingBenchmark.copiedBytes()
                        / other.getPrimaryResult().getScore())
                .max().orElse(0);
        if (params.getBenchmark().endsWith("copy")) {
            return line + " %.1f GB/s".formatted(
                    RoutingBenchmark.copiedBytes() / micros / 1e3);
        }
        return !params.getBenchmark().endsWith("step") || copied == 0 ? line
                : line + " %.2f %% of copy bandwidth".formatted(
                        100 * RoutingBenchmark.bytes(tokens) / micros / copied);
    }

    private static String statistics(RunResult result) {
        BenchmarkParams params = result.getParams();
        return "experts %4s tokens %-10s %10.2f us".formatted(params.getParam("tokens"),
                params.getBenchmark().replaceAll(".*[.]", ""),
                result.getPrimaryResult().getScore());
    }

    private static String product(RunResult result, double bandwidth) {
        BenchmarkParams params = result.getParams();
        String shape = params.getParam("shape");
        int rows = MatmulBenchmark.rows(shape);
        int cols = MatmulBenchmark.cols(shape);
        DType dtype = DType.valueOf(params.getParam("encoding"));
        int tokens = Integer.parseInt(params.getParam("tokens"));
        double seconds = result.getPrimaryResult().getScore();
        double read = rows * dtype.rowBytes(cols) / seconds;
        return "%-9s %-7s %-11s %4d tokens %9.3f ms %7.2f GB/s%s %8.1f GFLOP/s".formatted(
                params.getParam("backend"), dtype, shape, tokens, seconds * 1e3, read / 1e9,
                bandwidth > 0 ? " %3.0f %% of memory".formatted(100 * read / bandwidth) : "",
                2e-9 * rows * cols * tokens / seconds);
    }
}
