package dev.sluice.benchmarks;

import dev.sluice.models.chat.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Chat templates of published models: parsing one, and rendering a conversation of `turns`.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Benchmark)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class TemplateBenchmark {
    private static final Path TEMPLATES =
            Path.of("models/core/src/test/resources/dev/sluice/models/chat");
    private static final Clock NOON =
            Clock.fixed(Instant.parse("2026-11-20T12:00:00Z"), ZoneOffset.UTC);

    @Param({"Qwen-Qwen3-0.6B", "meta-llama-Llama-3.1-8B-Instruct"})
    public String template;

    @Param({"2", "40"})
    public int turns;

    private String source;
    private ChatTemplate parsed;
    private Map<String, Object> variables;

    @Setup(Level.Trial)
    public void open() throws IOException {
        source = Files.readString(TEMPLATES.resolve(template + ".jinja"));
        parsed = ChatTemplate.parse(source);
        var messages = new ArrayList<Map<String, Object>>();
        for (int i = 0; i < turns; i++) {
            messages.add(Map.of("role", i % 2 == 0 ? "user" : "assistant",
                    "content", "Turn " + i + ": " + "some words of a conversation. ".repeat(8)));
        }
        variables = Map.of("messages", List.copyOf(messages), "add_generation_prompt", true,
                "bos_token", "<s>", "eos_token", "</s>");
    }

    @Benchmark
    public ChatTemplate parse() {
        return ChatTemplate.parse(source);
    }

    @Benchmark
    public String render() {
        return parsed.render(variables, NOON);
    }
}
