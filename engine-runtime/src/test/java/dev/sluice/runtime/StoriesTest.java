package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.ModelTexts;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Goal: a real model says what llama.cpp says. Method: stories260K (a trained model of 260,000
/// weights), eight prompts continued greedily, compared token by token, on each CPU backend and
/// with both full and half precision keys and values.
class StoriesTest {
    private static final Path FOLDER = Path.of("../models/core/src/test/resources/stories260K");
    private static final List<String> BACKENDS = List.of("reference", "vector");

    @TestFactory
    List<DynamicTest> greedyTexts() {
        var tests = new ArrayList<DynamicTest>();
        for (String backend : BACKENDS) {
            for (DType kvType : List.of(DType.F32, DType.F16)) {
                tests.add(DynamicTest.dynamicTest(backend + ", keys and values " + kvType,
                        () -> greedyTexts(backend, kvType)));
            }
        }
        return tests;
    }

    private static void greedyTexts(String backend, DType kvType) throws IOException,
            InterruptedException {
        var goldens = (List<?>) ((Map<?, ?>) Json.parse(
                Files.readAllBytes(FOLDER.resolve("goldens.json")))).get("goldens");
        assertEquals(8, goldens.size());
        LoadedModel model = LoadedModel.open(FOLDER.resolve("stories260K.gguf"),
                Kernels.open(backend, BackendOptions.defaults()),
                LoadOptions.defaults().withKvType(kvType), _ -> { });
        ModelTexts texts = model.texts();
        try (var engine = new Engine(model.lm(), texts.tokenizer())) {
            for (Object golden : goldens) {
                greedyText(engine, texts, (Map<?, ?>) golden);
            }
        }
    }

    private static void greedyText(Engine engine, ModelTexts texts, Map<?, ?> golden)
            throws InterruptedException {
        int[] prompt = ints(golden.get("prompt_ids"));
        int[] wanted = ints(golden.get("out_ids"));
        String text = (String) golden.get("prompt");
        assertArrayEquals(prompt, texts.tokenizer().encodePrompt(text), text);
        var stream = engine.submit(GenerateRequest.of(
                prompt, wanted.length, SamplingParams.greedy()));
        var got = new ArrayList<Integer>();
        while (true) {
            TokenEvent event = stream.take();
            switch (event) {
                case TokenEvent.Token token -> got.add(token.id());
                case TokenEvent.Finished _ -> {
                    assertArrayEquals(wanted, got.stream().mapToInt(i -> i).toArray(), text);
                    return;
                }
                case TokenEvent.Failed failed -> throw new AssertionError(failed.message());
            }
        }
    }

    private static int[] ints(Object list) {
        return ((List<?>) list).stream().mapToInt(v -> ((Long) v).intValue()).toArray();
    }
}
