package dev.sluice.models.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.MalformedModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/// Goal: a path that a user types opens as the right format or is refused with the reason.
class ModelPathTest {
    @TempDir
    Path folder;

    @Test
    void formatsAreTold() throws IOException {
        Path gguf = GgufWriter.model("llama").write(folder.resolve("m.gguf"));
        assertOpens(GgufFile.class, gguf);
        assertOpens(GgufFile.class,
                GgufWriter.model("llama").write(folder.resolve("without-suffix")));
        assertOpens(GgufFile.class, GgufWriter.model("x").write(folder.resolve("odd.safetensors")));
        assertOpens(GgufFile.class, folder);
        Path hf = Files.createDirectory(folder.resolve("hf"));
        Path weights = new SafetensorsWriter().write(hf.resolve("model.safetensors"));
        Files.writeString(hf.resolve("config.json"), "{}");
        assertOpens(SafetensorsFolder.class, hf);
        assertOpens(SafetensorsFolder.class, weights);
    }

    @Test
    void aFolderWithASplitModelOpensByItsFirstPart() {
        GgufWriter.model("llama").tensor("a", new long[] {1}, 1).tensor("b", new long[] {1}, 1)
                .writeSplit(folder, "m", 2);
        try (TensorFile file = ModelPath.open(folder)) {
            assertEquals(2, file.tensors().size());
        }
    }

    @Test
    void wrongPaths() throws IOException {
        assertRefused("nothing.gguf: no such file", folder.resolve("nothing.gguf"));
        assertRefused("nothing: no such file", folder.resolve("nothing"));
        assertRefused("a folder without model files", folder);
        Path html = Files.writeString(folder.resolve("page.gguf"), "<!DOCTYPE html>");
        assertRefused("not a GGUF file: begins with '<!DO'", html);
        assertRefused("not a GGUF file: only 0 bytes", Files.createFile(folder.resolve("empty")));
        assertRefused("a folder with", twoModels());
        assertRefused("a folder where a file was wanted", () -> GgufFile.open(folder));
    }

    private Path twoModels() throws IOException {
        Path two = Files.createDirectory(folder.resolve("two"));
        GgufWriter.model("llama").write(two.resolve("a.gguf"));
        GgufWriter.model("llama").write(two.resolve("b.gguf"));
        return two;
    }

    private static void assertOpens(Class<? extends TensorFile> format, Path path) {
        try (TensorFile file = ModelPath.open(path)) {
            assertInstanceOf(format, file);
        }
    }

    private static void assertRefused(String part, Path path) {
        assertRefused(part, () -> ModelPath.open(path));
    }

    private static void assertRefused(String part, Executable open) {
        String message = assertThrows(MalformedModelException.class, open).getMessage();
        assertTrue(message.contains(part), message);
    }
}
