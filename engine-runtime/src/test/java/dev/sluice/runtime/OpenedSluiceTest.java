package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.sluice.models.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Goal: what a Java program writes works on model files. Method: the README's lines on the
/// repository's small models; the greedy texts of stories260K are its goldens'.
final class OpenedSluiceTest {
    private static final Path RESOURCES = Path.of("../models/core/src/test/resources");
    private static final Path STORIES = RESOURCES.resolve("stories260K");

    @Test
    void a_template_formats_a_chat() {
        try (Sluice sluice = Sluice.open(RESOURCES.resolve("goldens/llama/model-f32.gguf"))) {
            Sluice brief = sluice.with(sluice.options().withMaxTokens(4)
                    .withSampling(SamplingParams.greedy()));
            assertEquals(brief.chat("Hi").text(), brief.complete(
                    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n").text());
        }
    }

    @Test
    void a_model_without_a_template_can_only_continue() {
        try (Sluice sluice = Sluice.open(STORIES.resolve("stories260K.gguf"))) {
            assertThrows(RequestRejected.class, () -> sluice.chat("Hi"));
            Sluice greedy = sluice.with(sluice.options().withMaxTokens(8)
                    .withSampling(SamplingParams.greedy()));
            assertEquals(", there was a little", greedy.complete("Once upon a time").text()
                    .substring(0, 20));
        }
    }

    @Test
    @SuppressWarnings("unchecked")
    void the_greedy_stories_token_by_token() throws Exception {
        var golden = (Map<String, Object>) Json.parse(
                Files.readAllBytes(STORIES.resolve("goldens.json")));
        int checked = 0;
        try (Sluice sluice = Sluice.open(STORIES.resolve("stories260K.gguf"))) {
            for (var story : (List<Map<String, Object>>) golden.get("goldens")) {
                if (((Number) story.get("temperature")).doubleValue() == 0) {
                    int[] prompt = ints(story.get("prompt_ids"));
                    int count = ((Number) story.get("n")).intValue();
                    assertEquals(story.get("out_ids").toString(), drawn(sluice.engine().submit(
                            GenerateRequest.of(prompt, count, SamplingParams.greedy()))),
                            (String) story.get("prompt"));
                    checked++;
                }
            }
        }
        assertEquals(8, checked);
    }

    private static String drawn(TokenStream stream) throws InterruptedException {
        var ids = new ArrayList<Integer>();
        while (stream.take() instanceof TokenEvent.Token(int id, String _, var _)) {
            ids.add(id);
        }
        return ids.toString();
    }

    private static int[] ints(Object list) {
        return ((List<?>) list).stream().mapToInt(id -> ((Number) id).intValue()).toArray();
    }
}
