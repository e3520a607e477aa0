package dev.sluice.benchmarks.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: no rule of [Tidy] is blind. Method: for each one text that breaks it and one that only
/// looks so.
final class TidyRulesTest {
    private static final String MAIN = "models/core/src/main/java/dev/sluice/models/X.java";
    private static final String KERNEL =
            "engine-kernels/core/src/main/java/dev/sluice/kernels/X.java";

    @Test
    void type_names() {
        assertWrong("type name", Tidy.typeNames(source(MAIN, "final class CacheManager {}")));
        assertWrong("type name", Tidy.typeNames(source(MAIN, "record ModelInfo(int a) {}")));
        assertFine(Tidy.typeNames(source(MAIN, "class Baseline { String s = \"class Util\"; }")));
        assertFine(Tidy.typeNames(source(MAIN, "// the class Helper is gone\nenum Tidy {}")));
    }

    @Test
    void banned_code() {
        assertWrong("Unsafe", Tidy.bannedCode(source(MAIN, "import sun.misc.Unsafe;")));
        assertWrong("reflect", Tidy.bannedCode(source(MAIN, "import java.lang.reflect.Field;")));
        assertWrong("ThreadLocal", Tidy.bannedCode(source(MAIN, "ThreadLocal<String> s;")));
        assertWrong("getenv", Tidy.bannedCode(source(MAIN, "x = System.getenv(\"A\");")));
        String vector = "import jdk.incubator.vector.FloatVector;";
        assertWrong("incubator", Tidy.bannedCode(source(KERNEL, vector)));
        assertFine(Tidy.bannedCode(source(
                "engine-kernels/core/src/main/java/dev/sluice/kernels/vector/X.java", vector)));
        assertWrong("stream", Tidy.bannedCode(source(KERNEL, "int n = list.stream().count();")));
        assertFine(Tidy.bannedCode(source(MAIN, "int n = list.stream().count();")));
        assertFine(Tidy.bannedCode(source(KERNEL, "request.stream().put(1);")));
    }

    @Test
    void sizes() {
        assertWrong("file length", Tidy.fileLength(source(MAIN, "\n".repeat(601))));
        assertFine(Tidy.fileLength(source(MAIN, "\n".repeat(600))));
        assertWrong("method length: run has 61", Tidy.methods(source(MAIN, method(59))));
        assertFine(Tidy.methods(source(MAIN, method(58))));
    }

    @Test
    void parameters() {
        String seven = "class X { X(int a, int b, Map<String, Integer> c, int d, int e, "
                + "int f, int g) { } }";
        assertWrong("parameters: X has 7", Tidy.methods(source(MAIN, seven)));
        assertFine(Tidy.methods(source(KERNEL, seven)));
        assertWrong("parameters: X has 8", Tidy.methods(source(KERNEL,
                seven.replace("int g", "int g, int h"))));
        assertFine(Tidy.methods(source(MAIN, seven.replace(", int g", ""))));
        assertFine(Tidy.methods(source(MAIN, seven.replace("int a", "Kernels a"))));
        assertFine(Tidy.methods(source(MAIN, "record X(int a) { int f; " + seven + "}")));
    }

    @Test
    void lines() {
        assertWrong("line length", Tidy.lines("X.java", "x".repeat(101)));
        assertFine(Tidy.lines("X.java", "x".repeat(100)));
        assertFine(Tidy.lines("X.java", "/// | " + "x".repeat(120)));
        assertWrong("tab", Tidy.lines("pom.xml", "\t<a/>"));
        assertWrong("trailing space", Tidy.lines("README.md", "a "));
        assertWrong("merge conflict", Tidy.lines("a.md", "<<<<" + "<<< HEAD"));
        assertWrong("open end", Tidy.lines("X.java", "// TO" + "DO: later"));
        assertFine(Tidy.lines("X.java", "// TO" + "DO #12: later"));
    }

    @Test
    void links_and_descriptors(@TempDir Path root) throws IOException {
        Files.writeString(root.resolve("a.md"), "[b](b.md#part) [c](c.md) [d](https://d.e/f)");
        Files.writeString(root.resolve("b.md"), "");
        Files.createDirectories(root.resolve("m/src/main/java"));
        Files.writeString(root.resolve("m/pom.xml"), "");
        Files.writeString(root.resolve("m/src/main/java/X.java"), "");
        Repository repository = Repository.of(root);
        assertEquals(List.of("a.md dead link: c.md"), Tidy.links(repository, "a.md"));
        assertEquals(List.of("m/ has code and no module-info.java"),
                Tidy.descriptors(repository));
    }

    private static JavaSource source(String path, String text) {
        return JavaSource.of(path, text);
    }

    private static String method(int bodyLines) {
        return "class X {\n  void run() {\n" + "    a();\n".repeat(bodyLines) + "  }\n}\n";
    }

    private static void assertWrong(String what, List<String> wrong) {
        assertTrue(String.join("\n", wrong).contains(what), "wanted '" + what + "' in " + wrong);
    }

    private static void assertFine(List<String> wrong) {
        assertEquals(List.of(), wrong);
    }
}
