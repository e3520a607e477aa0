package dev.sluice.bridge.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.defaults.DefaultModel;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.AnswerOptions;
import dev.sluice.runtime.SamplingParams;
import dev.sluice.runtime.Sluice;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Goal: the models that ship answer, without `-m` and as another engine says. Method: commands in
/// a home folder of the test's own; and held-out prompts whose greedy answers llama.cpp wrote with
/// the same files (held-out-*.jsonl, by models/training/evaluate.py --llama --save).
final class DefaultModelsTest {
    /// Two engines round differently, so a near-tie may end in another token; where the model is
    /// right it is mostly sure.
    private static final double EQUAL_SHARE_MIN = 0.95;
    private static final int RIGHT_MIN = 15;
    private static final int ANSWER_TOKENS = 160;
    private static final String HOME = "user.home";

    @TempDir
    private static Path home;

    private static String homeBefore;

    @BeforeAll
    static void move() {
        homeBefore = System.setProperty(HOME, home.toString());
    }

    @AfterAll
    static void moveBack() {
        System.setProperty(HOME, homeBefore);
    }

    /// Prompts of the test side that the shipped worker answers right.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "What is 47 + 38?|= 85",
        "Sort: 42, 7, 19|7, 19, 42",
    })
    void run_answers_without_a_model(String prompt, String last) {
        List<String> lines = Ran.sluice("run", prompt).succeeded().lines();
        assertEquals(last, lines.getLast(), lines.toString());
    }

    @Test
    void the_file_is_written_once_and_a_torn_one_is_not_used() throws IOException {
        Ran.sluice("run", "Hello").succeeded();
        Path folder = home.resolve(".sluice/models");
        Path file = DefaultModel.WORKER.fileIn(folder);
        Files.write(file, new byte[100]);
        Ran.sluice("run", "Hello").succeeded();
        assertTrue(Files.size(file) > 100);
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @Test
    void a_home_that_can_not_be_written_is_an_error_in_one_line() throws IOException {
        Path blocked = Files.writeString(home.resolve("blocked"), "a file");
        System.setProperty(HOME, blocked.toString());
        try {
            Ran.sluice("run", "Hello").failedWith("name a model with -m");
        } finally {
            System.setProperty(HOME, home.toString());
        }
    }

    @ParameterizedTest
    @EnumSource(DefaultModel.class)
    void is_right_where_llama_cpp_is(DefaultModel model) throws IOException {
        var greedy = AnswerOptions.defaults().withMaxTokens(ANSWER_TOKENS)
                .withSampling(SamplingParams.defaults().withTemperature(0));
        Kernels kernels = Kernels.open("vector", BackendOptions.defaults());
        Path file = model.extractTo(home);
        int right = 0;
        int equal = 0;
        var different = new StringBuilder();
        try (Sluice sluice = Sluice.open(file, kernels, LoadOptions.defaults()).with(greedy)) {
            for (String line : rows("held-out-" + model.modelName() + ".jsonl")) {
                Map<?, ?> row = (Map<?, ?>) Json.parse(line);
                if (!row.get("output").equals(row.get("expected"))) {
                    continue;
                }
                right++;
                String got = sluice.complete((String) row.get("prompt")).text();
                if (got.equals(row.get("output"))) {
                    equal++;
                } else {
                    different.append(row).append(" got ").append(got).append('\n');
                }
            }
        }
        assertTrue(right >= RIGHT_MIN, right + " prompts that llama.cpp answers right");
        assertTrue(equal >= EQUAL_SHARE_MIN * right,
                equal + " of " + right + " equal; " + different);
    }

    private static List<String> rows(String name) throws IOException {
        try (InputStream in = DefaultModelsTest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }
}
