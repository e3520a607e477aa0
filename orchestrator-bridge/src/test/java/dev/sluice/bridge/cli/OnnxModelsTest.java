package dev.sluice.bridge.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.runtime.AnswerOptions;
import dev.sluice.runtime.SamplingParams;
import dev.sluice.runtime.Session;
import dev.sluice.runtime.Sluice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: an ONNX folder is a model like any other: on the command line, in the engine and in
/// sessions. Method: a tiny model of the repository, exported by the command, does what its GGUF
/// file does.
final class OnnxModelsTest {
    private static final String PROMPT = "Once upon a time";
    private static final String GGUF = Ran.model("llama");

    @TempDir
    private static Path folder;
    private static Path onnx;

    @BeforeAll
    static void export() throws IOException {
        onnx = folder.resolve("llama-onnx");
        String out = Ran.sluice("export", GGUF, "--onnx", onnx.toString()).succeeded().out();
        assertTrue(out.contains(onnx.toString()), out);
        assertTrue(Files.exists(onnx.resolve("genai_config.json")));
    }

    @Test
    void run_says_what_the_gguf_file_says() {
        String[] greedy = {"-n", "40", "--temp", "0", "--raw", PROMPT};
        Ran own = Ran.sluice(with(greedy, "run", "-m", GGUF, "--kv-type", "f32")).succeeded();
        Ran graph = Ran.sluice(with(greedy, "run", "-m", onnx.toString())).succeeded();
        assertEquals(own.out(), graph.out());
        assertTrue(graph.err().contains("ONNX Runtime") && graph.err().contains("on cpu"),
                graph.err());
    }

    private static String[] with(String[] last, String... first) {
        var all = new ArrayList<>(List.of(first));
        all.addAll(List.of(last));
        return all.toArray(String[]::new);
    }

    @Test
    void coded_weights_run_too() {
        for (String form : List.of("int8", "int4")) {
            String out = folder.resolve(form).toString();
            Ran.sluice("export", Ran.model("qwen3-moe"), "--onnx", out, "--weights", form)
                    .succeeded();
            Ran.sluice("run", "-m", out, "-n", "8", "--raw", PROMPT).succeeded();
        }
    }

    @Test
    void inspect_says_what_a_fork_costs() {
        String out = Ran.sluice("inspect", onnx.toString()).succeeded().out();
        assertTrue(out.contains("GroupQueryAttention=2"), out);
        assertTrue(out.contains("a fork copies what is in it"), out);
        assertTrue(out.contains("keys and values"), out);
    }

    @Test
    void options_of_the_other_kind_are_refused() {
        Ran.sluice("run", "-m", onnx.toString(), "--backend", "vector", PROMPT)
                .misused("--provider does");
        Ran.sluice("run", "-m", GGUF, "--provider", "cpu", PROMPT)
                .misused("--provider applies to ONNX graphs only");
        Ran.sluice("run", "-m", onnx.toString(), "--provider", "cuda", PROMPT)
                .failedWith("--provider cuda: this build of ONNX Runtime does not have it");
        Ran.sluice("run", "-m", onnx.toString(), "--kv-type", "f16", PROMPT)
                .misused("--kv-type does not apply");
        Ran.sluice("export", Ran.model("deepseek3"), "--onnx", folder.toString())
                .failedWith("family 'deepseek2' is not written as ONNX");
    }

    @Test
    void auto_prints_its_choice() {
        String err = Ran.sluice("run", "-m", onnx.toString(), "--provider", "auto", "-n", "2",
                "--raw", PROMPT).succeeded().err();
        assertTrue(err.contains("on cpu (auto; cuda: "), err);
    }

    private static Sluice open(Path model) {
        Kernels kernels = Kernels.open("reference", BackendOptions.defaults());
        return Sluice.open(model, kernels, new LoadOptions(DType.F32, 200, 4, 64));
    }

    @Test
    void sessions_fork_and_go_on() {
        var options = AnswerOptions.defaults().withMaxTokens(12)
                .withSampling(SamplingParams.greedy());
        try (Sluice own = open(Path.of(GGUF)).with(options);
                Sluice graph = open(onnx).with(options)) {
            assertEquals(talk(own), talk(graph));
        }
    }

    /// Two branches of one conversation, and the first again.
    private static List<String> talk(Sluice sluice) {
        var said = new ArrayList<String>();
        Session main = sluice.session("You are brief.");
        said.add(main.say("One.").text());
        Session other = main.fork();
        said.add(other.say("Two.").text());
        said.add(main.say("Three.").text());
        said.add(other.say("Four.").text());
        return said;
    }
}
