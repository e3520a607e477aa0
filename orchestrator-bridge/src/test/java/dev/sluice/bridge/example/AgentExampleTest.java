package dev.sluice.bridge.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: the README's agent is a program that runs, and answers what the README says. Method: run
/// it with the shipped models in a home of the test's own, and look for its lines in the README.
final class AgentExampleTest {
    private static final Path README = Path.of("../README.md");
    private static final Path SOURCE =
            Path.of("src/test/java/dev/sluice/bridge/example/AgentExample.java");
    private static final String HOME = "user.home";

    @TempDir
    private Path home;

    @Test
    void its_answers_are_those_of_the_readme() throws IOException {
        List<String> answers = run("Get the weather in Bergen.", "Check the total 47 + 38",
                "Cancel my flight to Oslo");
        assertEquals(List.of("The city is Bergen. The temperature is 21.", "The answer is 85.",
                "None of my tools can do that."), answers);
        String readme = Files.readString(README);
        for (String answer : answers) {
            assertTrue(readme.contains(answer), answer);
        }
    }

    @Test
    void the_readme_shows_the_program() throws IOException {
        String source = Files.readString(SOURCE);
        String body = source.substring(source.indexOf("    static String weather"));
        assertTrue(Files.readString(README).contains(body.strip()),
                "README.md and " + SOURCE + " differ");
    }

    private List<String> run(String... requests) {
        var written = new ByteArrayOutputStream();
        PrintStream out = System.out;
        String before = System.setProperty(HOME, home.toString());
        System.setOut(new PrintStream(written, true, StandardCharsets.UTF_8));
        try {
            AgentExample.main(requests);
        } finally {
            System.setOut(out);
            System.setProperty(HOME, before);
        }
        return written.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
