package dev.sluice.bridge.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.json.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: every command does what the command-line contract says. Method: run it in this process on
/// the repository's tiny models, and compare with the goldens where there are any.
final class CommandsTest {
    private static final String[] REFERENCE = {"--backend", "reference"};
    private static final String LLAMA = Ran.model("llama");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"run", "chat", "bench", "tokenize", "template", "logits",
            "perplexity", "experts", "inspect", "doctor"})
    void help(String command) {
        Ran ran = Ran.sluice(command, "--help").succeeded();
        assertTrue(ran.out().startsWith("Usage: sluice " + command), ran.out());
        assertTrue(Ran.sluice("--help").out().contains("\n  " + command), "not listed");
    }

    @Test
    @SuppressWarnings("unchecked")
    void logits_are_the_goldens() throws IOException {
        var golden = (Map<String, Object>) Json.parse(
                Files.readAllBytes(Ran.golden("llama").resolve("golden.json")));
        String tokens = golden.get("prompt").toString().replaceAll("[\\[\\] ]", "");
        Path out = folder.resolve("out.f32");
        Ran.sluice("logits", "-m", LLAMA, "--backend", "reference", "--tokens", tokens,
                "--out", out.toString()).succeeded();
        float[] got = floats(out);
        float[] want = floats(Ran.golden("llama").resolve("golden-logits.f32"));
        assertEquals(want.length, got.length);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < want.length; i++) {
            difference += Math.pow(got[i] - want[i], 2);
            norm += Math.pow(want[i], 2);
        }
        // The bound that the engine promises for float32 weights.
        assertTrue(Math.sqrt(difference / norm) <= 1e-4, "relative " + difference / norm);
    }

    @Test
    void run_repeats_with_a_seed() {
        String[] line = {"run", "-m", LLAMA, "--backend", "reference", "-n", "12", "--temp", "1",
                "--seed", "7", "some words"};
        Ran first = Ran.sluice(line).succeeded();
        assertEquals(first.out(), Ran.sluice(line).out());
        line[9] = "8";
        assertTrue(!first.out().equals(Ran.sluice(line).out()), "another seed, the same text");
        assertTrue(first.err().contains("backend reference"), first.err());
        assertTrue(first.err().contains("memory: weights"), first.err());
        assertTrue(first.err().contains("12 tokens at"), first.err());
        assertTrue(first.err().contains("seed 7"), first.err());
    }

    @Test
    void run_uses_the_template_unless_told_not_to() {
        int raw = promptTokens("--raw");
        int templated = promptTokens("--verbose");
        assertTrue(templated > raw + 5, raw + " raw, " + templated + " with the template");
    }

    @Test
    void a_closing_process_stops_the_answer() throws InterruptedException {
        var interruption = new Interruption();
        var out = new StringWriter();
        var err = new StringWriter();
        var errors = new PrintWriter(err, true);
        Thread command = Thread.ofPlatform().start(() -> {
            Main.execute(new PrintWriter(out), errors, interruption, "run", "-m", LLAMA,
                    "--backend", "reference", "--raw", "--temp", "1", "some words");
            interruption.ended();
        });
        while (out.getBuffer().isEmpty() && command.isAlive()) {
            Thread.sleep(1);
        }
        interruption.hook(errors).run();
        command.join(10_000);
        assertTrue(!command.isAlive(), "still running");
        assertTrue(err.toString().contains("cancelled"), err.toString());
        assertTrue(err.toString().endsWith("sluice: interrupted" + System.lineSeparator()),
                err.toString());
    }

    @Test
    void chat_remembers_and_forgets() {
        Ran ran = chat("hello\nagain\n/reset\nhello\n/unknown\n/help\n/exit\nnever\n",
                "chat", "-m", LLAMA, "--backend", "reference", "-n", "4", "--temp", "0",
                "--context", "200", "--statistics");
        ran.succeeded();
        List<String> figures =
                ran.err().lines().filter(line -> line.contains("prompt tokens")).toList();
        assertEquals(3, figures.size(), ran.err());
        assertTrue(figures.get(1).contains("cached"), figures.get(1));
        String first = figures.get(0).replaceAll(" .*", "");
        assertEquals(first, figures.get(2).replaceAll(" .*", ""), "tokens after /reset");
        assertTrue(ran.err().contains("unknown command /unknown"), ran.err());
        assertTrue(ran.out().contains("/reset  forget"), ran.out());
    }

    @Test
    void chat_goes_on_when_a_message_is_too_long() {
        Ran ran = chat("word ".repeat(300) + "\nhello\n", "chat", "-m", LLAMA,
                "--backend", "reference", "-n", "2", "--context", "100", "--statistics");
        ran.succeeded();
        assertTrue(ran.err().contains("/reset forgets"), ran.err());
        assertTrue(ran.err().contains("prompt tokens"), ran.err());
    }

    @Test
    void tokenize_one_text_and_many() throws IOException {
        Ran one = Ran.sluice("tokenize", "-m", LLAMA, "--json", "Hello world").succeeded();
        assertTrue(one.out().matches("\\[[0-9,]+]\\R"), one.out());
        Path file = Files.writeString(folder.resolve("t.txt"), "Hello world");
        assertEquals(one.out(), Ran.sluice(
                "tokenize", "-m", LLAMA, "--json", "--file", file.toString()).out());
        Path lines = Files.writeString(folder.resolve("t.jsonl"),
                "\"Hello world\"\n\"\"\n\"Hello\\u0020world\"\n");
        assertEquals(one.out() + "[]\n" + one.out(), Ran.sluice(
                "tokenize", "-m", LLAMA, "--jsonl", lines.toString()).out());
        // A control token's text is that token only when asked for.
        Ran asText = Ran.sluice("tokenize", "-m", LLAMA, "--json", "<|im_start|>").succeeded();
        Ran parsed = Ran.sluice(
                "tokenize", "-m", LLAMA, "--json", "--special", "<|im_start|>").succeeded();
        assertTrue(asText.out().length() > parsed.out().length(), asText.out() + parsed.out());
    }

    @Test
    void template_texts_and_refusals() throws IOException {
        Path template = Files.writeString(folder.resolve("t.jinja"),
                "{% if messages|length > 1 %}{{ raise_exception('one only') }}{% endif %}"
                + "{{ bos_token }}{{ messages[0].content }} {{ strftime_now('%Y-%m-%d') }}"
                + "{% if add_generation_prompt %}!{% endif %}");
        Path lines = Files.writeString(folder.resolve("c.jsonl"), """
                {"messages":[{"content":"a"}],"bos_token":"<s>","now":"2026-11-20T12:00"}
                {"messages":[{"content":"a"},{"content":"b"}]}
                {"messages":[{"content":"c"}],"add_generation_prompt":false,"now":"2025-01-02"}
                """);
        Ran ran = Ran.sluice("template", "--file", template.toString(),
                "--jsonl", lines.toString()).succeeded();
        assertEquals(List.of("{\"text\":\"<s>a 2026-11-20!\"}", "{\"refused\":\"one only\"}",
                "{\"text\":\"c 2025-01-02\"}"), ran.lines());
    }

    @Test
    void template_of_a_model() throws IOException {
        Path lines = Files.writeString(folder.resolve("c.jsonl"),
                "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}\n");
        assertEquals("{\"text\":\"<|im_start|>user\\nHi<|im_end|>\\n<|im_start|>assistant\\n\"}",
                Ran.sluice("template", "-m", LLAMA, "--jsonl", lines.toString())
                        .succeeded().out().strip());
    }

    @Test
    void perplexity_of_a_random_model_is_about_its_vocabulary() throws IOException {
        Path text = Files.writeString(folder.resolve("t.txt"), "Some words to judge. ".repeat(9));
        Ran ran = Ran.sluice("perplexity", "-m", LLAMA, "--backend", "reference",
                "--file", text.toString(), "--context", "32").succeeded();
        String last = ran.lines().getLast();
        double perplexity = Double.parseDouble(last.split("[ ,]")[1]);
        assertTrue(perplexity > 100 && perplexity < 10_000, last);
        double sum = 0;
        for (String line : ran.lines().subList(0, ran.lines().size() - 1)) {
            sum += Double.parseDouble(line.split("\t")[1]);
        }
        assertEquals(Math.log(perplexity), sum / (ran.lines().size() - 1), 1e-4);
    }

    @Test
    @SuppressWarnings("unchecked")
    void bench_tells_figures_and_conditions() {
        Ran ran = Ran.sluice("bench", "-m", LLAMA, "--backend", "reference", "-p", "8", "-n", "2",
                "-b", "1,3", "-r", "2", "--warm-up", "0", "--json").succeeded();
        var figures = (Map<String, Object>) Json.parse(ran.out());
        assertTrue((double) figures.get("prefill_tps") > 0, ran.out());
        assertEquals(List.of("1", "3"), List.copyOf(
                ((Map<String, Object>) figures.get("decode_tps")).keySet()));
        var conditions = (Map<String, Object>) figures.get("conditions");
        for (String name : List.of("jdk", "cpu", "threads", "backend", "model", "model_bytes",
                "kv_type", "commit", "sluice", "prompt_tokens", "warm_up_seconds")) {
            assertTrue(conditions.containsKey(name), name);
        }
    }

    @Test
    void inspect_tells_the_parts() {
        Ran dense = Ran.sluice("inspect", LLAMA).succeeded();
        for (String part : List.of("== metadata", "general.architecture", "== tensors", "F32",
                "== memory plan", "keys and values", "none: a dense model", "<|im_start|>")) {
            assertTrue(dense.out().contains(part), part);
        }
        Ran experts = Ran.sluice("inspect", Ran.model("qwen3-moe"), "--tensors").succeeded();
        assertTrue(experts.out().contains("kept per token               2"), experts.out());
        assertTrue(experts.out().contains("blk.0.ffn_gate_exps.weight"), experts.out());
    }

    @Test
    void doctor_lists_the_backends() {
        Ran ran = Ran.sluice("doctor").succeeded();
        assertTrue(ran.out().contains("backend    reference  usable"), ran.out());
        assertTrue(ran.out().contains("java       25"), ran.out());
        assertTrue(ran.lines().getLast().startsWith("auto       "), ran.out());
    }

    private static int promptTokens(String option) {
        Ran ran = Ran.sluice("run", "-m", LLAMA, REFERENCE[0], REFERENCE[1], "-n", "1", option,
                "some words").succeeded();
        String figures = ran.err().lines().filter(line -> line.contains("prompt tokens"))
                .findFirst().orElseThrow();
        return Integer.parseInt(figures.replaceAll(" .*", ""));
    }

    private static Ran chat(String typed, String... args) {
        InputStream stdin = System.in;
        System.setIn(new ByteArrayInputStream(typed.getBytes(StandardCharsets.UTF_8)));
        try {
            return Ran.sluice(args);
        } finally {
            System.setIn(stdin);
        }
    }

    private static float[] floats(Path file) throws IOException {
        var floats = ByteBuffer.wrap(Files.readAllBytes(file))
                .order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        var values = new float[floats.remaining()];
        floats.get(values);
        return values;
    }
}
