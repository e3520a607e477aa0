package dev.sluice.benchmarks.load;

import dev.sluice.models.json.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Puts load on any server that speaks OpenAI's protocol, and says how long its users wait. The
/// loop is open: requests, or sessions of agents, come when they come, and latencies count from
/// when they were due.
@Command(name = "load", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Put load on a server that speaks OpenAI's protocol, and report time to the "
                + "first token, time between tokens and goodput.")
public final class LoadGenerator implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--url", defaultValue = "http://127.0.0.1:8080/v1",
            description = "The server, up to /v1 (default: ${DEFAULT-VALUE}).")
    private URI url;

    @Option(names = "--model", defaultValue = "", description = "Model that is asked for.")
    private String model;

    @Option(names = "--api-key", defaultValue = "", description = "Sent as a bearer token.")
    private String apiKey;

    @Option(names = "--form", defaultValue = "chat", description = "chat, text (completions of "
            + "texts) or tokens (completions of token arrays); default: ${DEFAULT-VALUE}.")
    private LoadTarget.Form form;

    @Option(names = "--extra", defaultValue = "{}", paramLabel = "JSON",
            description = "Fields that every request gets, as in {\"ignore_eos\":true}.")
    private String extra;

    @Option(names = "--ids", defaultValue = "100-1000", paramLabel = "LOW-HIGH",
            description = "Token ids of made-up prompts (default: ${DEFAULT-VALUE}).")
    private String ids;

    @Option(names = "--trace", paramLabel = "FILE",
            description = "Play the agents of a trace; without it strangers arrive.")
    private Optional<Path> trace;

    @Option(names = "--sessions", defaultValue = "1000000",
            description = "Most agents of the trace, sub-agents not counted.")
    private int sessions;

    @Option(names = "--turns", defaultValue = "1000000",
            description = "Most turns of an agent of the trace.")
    private int turns;

    @Option(names = "--scale", defaultValue = "1",
            description = "Factor on the token counts of the trace.")
    private double scale;

    @Option(names = "--time-scale", defaultValue = "1",
            description = "Factor on the waits of the trace.")
    private double timeScale;

    @Option(names = "--rate", defaultValue = "0", description = "Mean arrivals per second: of "
            + "requests (default 1), or of agents (default: as recorded).")
    private double rate;

    @Option(names = "--seconds", defaultValue = "60",
            description = "How long strangers come (default: ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(names = "--shared-tokens", defaultValue = "0",
            description = "Length of a system prompt that all strangers have.")
    private int sharedTokens;

    @Option(names = "--prompt-tokens", defaultValue = "200",
            description = "Length of a stranger's prompt (default: ${DEFAULT-VALUE}).")
    private int promptTokens;

    @Option(names = "--answer-tokens", defaultValue = "50",
            description = "Length of its answer (default: ${DEFAULT-VALUE}).")
    private int answerTokens;

    @Option(names = "--seed", defaultValue = "1", description = "Of arrivals and texts.")
    private long seed;

    @Option(names = "--goal-ttft", defaultValue = "2000", paramLabel = "MS",
            description = "A good request has its first token by then (default: ${DEFAULT-VALUE}).")
    private double goalFirst;

    @Option(names = "--goal-itl", defaultValue = "200", paramLabel = "MS", description =
            "And on average this time per further token (default: ${DEFAULT-VALUE}).")
    private double goalPerToken;

    @Option(names = "--timeout", defaultValue = "600", paramLabel = "SECONDS",
            description = "Of one request.")
    private long timeout;

    @Option(names = "--json", description = "Report one JSON object.")
    private boolean json;

    @Option(names = "--generate-trace", paramLabel = "AGENTS", defaultValue = "0",
            description = "Print a trace of so many agents instead of putting on load.")
    private int generate;

    public static void main(String[] args) {
        System.exit(new CommandLine(new LoadGenerator())
                .setCaseInsensitiveEnumValuesAllowed(true).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (generate > 0) {
            AgentTrace.generate(generate, seed).forEach(out::println);
            out.flush();
            return 0;
        }
        var goals = new LoadReport.Goals(goalFirst, goalPerToken);
        List<AgentSession> workload = workload();
        try (var client = new StreamingClient(target())) {
            List<Measured> measured = new LoadRun(client).play(workload, System.nanoTime(),
                    line -> {
                        err.print("\r" + line + " ");
                        err.flush();
                    });
            err.println();
            LoadReport report = LoadReport.of(measured, goals);
            out.println(json ? Json.write(report.json()) : report.toString());
            out.flush();
            return report.errors().isEmpty() ? 0 : 1;
        }
    }

    private List<AgentSession> workload() throws IOException {
        if (trace.isEmpty()) {
            return new PoissonArrivals(rate > 0 ? rate : 1, seconds, sharedTokens, promptTokens,
                    answerTokens, seed).sessions();
        }
        AgentTrace read = AgentTrace.read(trace.get(),
                new AgentTrace.Scale(scale, timeScale, turns, sessions));
        return (rate > 0 ? read.arriving(rate, seed) : read).sessions();
    }

    private LoadTarget target() {
        String[] range = ids.split("-", 2);
        if (!ids.matches("\\d{1,9}-\\d{1,9}")
                || Integer.parseInt(range[0]) >= Integer.parseInt(range[1])) {
            throw new ParameterException(spec.commandLine(), "--ids " + ids + ": expected LOW-HIGH");
        }
        if (!(Json.parse(extra) instanceof Map<?, ?> fields)) {
            throw new ParameterException(spec.commandLine(), "--extra must be a JSON object");
        }
        var added = new LinkedHashMap<String, Object>();
        fields.forEach((name, value) -> added.put((String) name, value));
        String base = url.toString().replaceFirst("/+$", "");
        return new LoadTarget(URI.create(base), model, apiKey, form, new LoadTarget.Ids(
                Integer.parseInt(range[0]), Integer.parseInt(range[1])), added,
                Duration.ofSeconds(timeout));
    }
}
