package dev.sluice.runtime.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The JSON-Schema-Test-Suite of json-schema-org, from `-Djsonschema.suite=DIR`: every group of the
/// two editions is compiled, and its instances are fed as compact JSON, byte by byte and in random
/// tokens against the masks, once more with every character beyond ASCII as an escape. A schema may
/// be refused; one that is taken must judge each instance as the suite does. The table goes to
/// `-Djsonschema.table=FILE`.
/// Without the property there is nothing to judge; the build's last test says so.
class JsonSchemaSuiteTest {
    private static final Pattern MUST_COMPILE = Pattern.compile("type|enum|const|required"
            + "|properties|items|min.*|max.*|pattern|anyOf|exclusive.*");

    private final List<String> wrong = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();
    private final Random random = new Random(1);

    private static final class Line {
        private int groups;
        private int compiled;
        private int instances;
        private int validRefused;
        private int invalidAccepted;
    }

    @Test
    void judgesEveryInstanceAsTheSuite() throws IOException {
        Path suite = Path.of(System.getProperty("jsonschema.suite", ""));
        if (suite.toString().isEmpty()) {
            return;
        }
        var table = new StringBuilder("| edition | file | groups | compiled | instances |"
                + " valid refused | invalid accepted |\n|---|---|---|---|---|---|---|\n");
        for (SchemaDialect dialect : SchemaDialect.values()) {
            String folder = dialect == SchemaDialect.DRAFT_7 ? "draft7" : "draft2020-12";
            var lines = new TreeMap<String, Line>();
            try (Stream<Path> files = Files.list(suite.resolve("tests").resolve(folder))) {
                for (Path file : files.sorted().toList()) {
                    if (file.toString().endsWith(".json")) {
                        String name = file.getFileName().toString().replace(".json", "");
                        lines.put(name, judge(file, name, dialect));
                    }
                }
            }
            var total = new Line();
            lines.forEach((name, line) -> {
                add(total, line);
                row(table, folder, name, line);
            });
            row(table, folder, "**all**", total);
            assertTrue(total.compiled >= 0.6 * total.groups, folder + ": " + total.compiled);
        }
        String to = System.getProperty("jsonschema.table", "");
        if (!to.isEmpty()) {
            Files.writeString(Path.of(to), table + "\nRefused:\n\n- "
                    + String.join("\n- ", refused) + "\n");
        }
        assertEquals("", String.join("\n", wrong));
    }

    private Line judge(Path file, String name, SchemaDialect dialect) throws IOException {
        var line = new Line();
        for (Object each : (List<?>) Json.parse(Files.readAllBytes(file))) {
            Map<?, ?> group = (Map<?, ?>) each;
            String title = dialect + " " + name + ": " + group.get("description");
            line.groups++;
            Constrained grammar;
            try {
                grammar = Constrained.of(Grammars.jsonSchema(group.get("schema"), dialect));
            } catch (GrammarRejected e) {
                refused.add(title + ": " + e.getMessage());
                if (MUST_COMPILE.matcher(name).matches()) {
                    wrong.add(title + " is refused: " + e.getMessage());
                }
                continue;
            }
            line.compiled++;
            for (Object test : (List<?>) group.get("tests")) {
                instance(line, grammar, (Map<?, ?>) test, title);
            }
        }
        return line;
    }

    private void instance(Line line, Constrained grammar, Map<?, ?> test, String title) {
        boolean valid = (Boolean) test.get("valid");
        String text = Json.write(test.get("data"));
        line.instances++;
        boolean accepted = grammar.matches(text);
        boolean allowed = grammar.masksAllow(text, random);
        boolean escaped = grammar.matches(escaped(text));
        if (accepted != valid || allowed != valid || escaped != valid) {
            line.validRefused += valid ? 1 : 0;
            line.invalidAccepted += valid ? 0 : 1;
            wrong.add(title + ", " + test.get("description") + ": " + text + " should be "
                    + (valid ? "valid" : "invalid") + ", got " + accepted + " by bytes, " + allowed
                    + " by masks, " + escaped + " escaped");
        }
    }

    private static String escaped(String json) {
        var out = new StringBuilder();
        for (char c : json.toCharArray()) {
            out.append(c < 0x80 ? String.valueOf(c) : "\\u%04x".formatted((int) c));
        }
        return out.toString();
    }

    private static void add(Line total, Line line) {
        total.groups += line.groups;
        total.compiled += line.compiled;
        total.instances += line.instances;
        total.validRefused += line.validRefused;
        total.invalidAccepted += line.invalidAccepted;
    }

    private static void row(StringBuilder table, String folder, String name, Line line) {
        table.append("| %s | %s | %d | %d | %d | %d | %d |%n".formatted(folder, name, line.groups,
                line.compiled, line.instances, line.validRefused, line.invalidAccepted));
    }

    /// The suite's files of formats, with `"type": "string"` beside the format: then it is a test.
    @Test
    void judgesFormatsAsTheSuite() throws IOException {
        Path suite = Path.of(System.getProperty("jsonschema.suite", ""));
        if (suite.toString().isEmpty()) {
            return;
        }
        Path folder = suite.resolve("tests/draft2020-12/optional/format");
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                formats(file);
            }
        }
        assertEquals("", String.join("\n", wrong));
    }

    private void formats(Path file) throws IOException {
        for (Object each : (List<?>) Json.parse(Files.readAllBytes(file))) {
            Map<?, ?> group = (Map<?, ?>) each;
            String format = (String) ((Map<?, ?>) group.get("schema")).get("format");
            Grammar made;
            try {
                made = Grammars.jsonSchema(Map.of("type", "string", "format", format));
            } catch (GrammarRejected e) {
                continue;
            }
            var grammar = Constrained.of(made);
            for (Object one : made.notes().isEmpty() ? (List<?>) group.get("tests") : List.of()) {
                Map<?, ?> test = (Map<?, ?>) one;
                String text = Json.write(test.get("data"));
                boolean valid = (Boolean) test.get("valid") && test.get("data") instanceof String;
                boolean rare = valid && (text.contains(":60") || text.contains("xn--")
                        || text.contains("@["));
                if (grammar.matches(text) != valid && !rare) {
                    wrong.add(format + ": " + test.get("description") + " " + text + " should be "
                            + valid);
                }
            }
        }
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
