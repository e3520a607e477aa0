package dev.sluice.models.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Goal: published templates render byte for byte as Jinja2 renders them. Method: texts that
/// Jinja2 3.1.6 made with the settings of transformers (the file says how) are compared with
/// ours. The repository carries a few templates; with `-Dgoldens=DIR` all of DIR are compared.
class ChatGoldenTest {
    static final Clock CLOCK =
            Clock.fixed(Instant.parse("2026-11-20T12:00:00Z"), ZoneOffset.UTC);

    private int compared;
    private final List<String> wrong = new ArrayList<>();

    @Test
    void publishedTemplatesRenderAsJinjaDoes() throws IOException {
        String directory = System.getProperty("goldens", "");
        Map<?, ?> goldens = directory.isEmpty() ? carried()
                : (Map<?, ?>) Json.parse(Files.readAllBytes(
                        Path.of(directory, "data", "chat-goldens.json")));
        Map<?, ?> templates = (Map<?, ?>) goldens.get("templates");
        for (Map.Entry<?, ?> template : templates.entrySet()) {
            String name = (String) template.getKey();
            Path file = Path.of(directory, "data", "chat-templates", name);
            if (!directory.isEmpty() && !Files.exists(file)) {
                System.out.println("no source for the goldens of " + name);
                continue;
            }
            String source = directory.isEmpty() ? resource(name) : Files.readString(file);
            compare(name, source, goldens, (Map<?, ?>) template.getValue());
        }
        System.out.println("chat goldens compared: " + compared
                + (directory.isEmpty() ? " (those of the repository)" : ""));
        assertTrue(compared >= 50, "compared only " + compared);
        assertEquals(List.of(), wrong);
    }

    private void compare(String name, String source, Map<?, ?> goldens, Map<?, ?> expected) {
        ChatTemplate template = ChatTemplate.parse(source);
        Map<?, ?> conversations = (Map<?, ?>) goldens.get("conversations");
        for (Map.Entry<?, ?> conversation : conversations.entrySet()) {
            Map<?, ?> want = (Map<?, ?>) expected.get(conversation.getKey());
            String got = outcome(template, variables((Map<?, ?>) conversation.getValue()));
            String wanted = want.containsKey("text") ? "text: " + want.get("text")
                    : want.containsKey("refused") ? "refused: " + want.get("refused") : "failed";
            compared++;
            if (!got.equals(wanted) && !(wanted.equals("failed") && got.startsWith("failed"))) {
                wrong.add(name + " / " + conversation.getKey() + "\n  want " + wanted
                        + "\n  got  " + got + "\n");
            }
        }
    }

    static Map<String, Object> variables(Map<?, ?> conversation) {
        var variables = new LinkedHashMap<String, Object>();
        variables.put("add_generation_prompt", true);
        variables.put("bos_token", "<BOS>");
        variables.put("eos_token", "<EOS>");
        conversation.forEach((name, value) -> variables.put((String) name, value));
        return variables;
    }

    static String outcome(ChatTemplate template, Map<String, Object> variables) {
        try {
            return "text: " + template.render(variables, CLOCK);
        } catch (TemplateRefusedException e) {
            return "refused: " + e.getMessage();
        } catch (TemplateException e) {
            return "failed: " + e.getMessage();
        }
    }

    static Map<?, ?> carried() throws IOException {
        return (Map<?, ?>) Json.parse(resource("chat-goldens.json"));
    }

    static String resource(String name) throws IOException {
        try (InputStream in = ChatGoldenTest.class.getResourceAsStream(name)) {
            assertTrue(in != null, "no resource " + name);
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
