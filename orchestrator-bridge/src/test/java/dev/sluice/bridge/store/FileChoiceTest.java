package dev.sluice.bridge.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FileChoiceTest {
    private static List<HubFile> files(String... names) {
        var files = new ArrayList<HubFile>();
        for (String name : names) {
            files.add(new HubFile(name, 1000, Checksum.sha256("")));
        }
        return files;
    }

    private static FileChoice choose(String wanted, String... names) {
        return FileChoice.of(Reference.of("o/n" + wanted), files(names));
    }

    private static String refused(String wanted, String... names) {
        return assertThrows(PullException.class, () -> choose(wanted, names)).getMessage();
    }

    @Test
    void encodingsAreReadFromNames() {
        assertEquals("Q4_K_M", FileChoice.quantisation("Qwen3-0.6B-Q4_K_M"));
        assertEquals("UD-IQ2_XXS", FileChoice.quantisation("x/DeepSeek-UD-IQ2_XXS"));
        assertEquals("Q8_0", FileChoice.quantisation("model.q8_0"));
        assertEquals("MXFP4", FileChoice.quantisation("gpt-oss-20b-mxfp4"));
        assertEquals("BF16", FileChoice.quantisation("a-BF16"));
        assertEquals("F16", FileChoice.quantisation("a.f16"));
        assertEquals("", FileChoice.quantisation("Q2x-model-7B"));
    }

    @Test
    void theUsualBalanceComesFirst() {
        FileChoice choice = choose("", "a-Q8_0.gguf", "a-Q4_K_M.gguf", "a-f16.gguf",
                "mmproj-a-Q4_K_M.gguf", "README.md");
        assertEquals("Q4_K_M", choice.label());
        assertEquals("a-Q4_K_M.gguf", choice.files().getFirst().path());
        assertTrue(choice.note().contains("Q8_0") && choice.note().contains("F16"));
    }

    @Test
    void whatIsAskedForIsFound() {
        assertEquals("a-Q8_0.gguf", choose(":q8_0", "a-Q8_0.gguf", "a-Q4_0.gguf")
                .files().getFirst().path());
        assertEquals("d/b.gguf", choose(":d/b.gguf", "a-Q8_0.gguf", "d/b.gguf")
                .files().getFirst().path());
        assertEquals("d/b.gguf", choose(":b.gguf", "a-Q8_0.gguf", "d/b.gguf")
                .files().getFirst().path());
        assertEquals(2, choose(":x-Q4_0-00001-of-00002.gguf", "x-Q4_0-00002-of-00002.gguf",
                "x-Q4_0-00001-of-00002.gguf").files().size());
        assertEquals("x-Q4_0-00001-of-00002.gguf", choose("", "x-Q4_0-00002-of-00002.gguf",
                "x-Q4_0-00001-of-00002.gguf").files().getFirst().path());
    }

    @Test
    void whatIsNotClearListsTheCandidates() {
        String several = refused(":Q4_0", "a-Q4_0.gguf", "b-Q4_0.gguf");
        assertEquals("o/n has several Q4_0, name one of them: a-Q4_0 (0.00 GB), b-Q4_0 (0.00 GB)",
                several);
        assertTrue(refused("", "a-Q4_0.gguf", "b-Q4_0.gguf").contains("a-Q4_0"));
        assertTrue(refused(":Q5_0", "a-Q4_0.gguf").contains("has no Q5_0; it has: Q4_0"));
        assertTrue(refused("", "a.gguf", "b.gguf").contains("name one of them: a (0.00 GB), b"));
        assertTrue(refused("", "x-Q4_0-00001-of-00003.gguf").contains("has 1 of its 00003 parts"));
        assertTrue(refused("", "pytorch_model.bin", "config.json").contains("neither a GGUF"));
    }
}
