package dev.sluice.models.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.json.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Goal: every operator, filter, test, method and rule of white space and scope is Jinja's.
/// Method: some nine hundred snippets with the text that Jinja2 3.1.6 made of them, or the error
/// it ended with; where it failed, or printed an address, ours must fail. Snippets marked
/// `unsupported` render in Jinja2 and must be refused here, never rendered otherwise.
class JinjaSnippetTest {
    @Test
    void snippetsRenderAsJinjaDoes() throws IOException {
        var file = (Map<?, ?>) Json.parse(ChatGoldenTest.resource("jinja-snippets.json"));
        Map<String, Object> variables = ChatGoldenTest.variables((Map<?, ?>) file.get("variables"));
        var wrong = new ArrayList<String>();
        List<?> snippets = (List<?>) file.get("snippets");
        for (Object snippet : snippets) {
            Map<?, ?> expected = (Map<?, ?>) snippet;
            String source = (String) expected.get("template");
            String wanted = expected.containsKey("unsupported") ? "failed"
                    : expected.containsKey("text") ? "text: " + expected.get("text")
                    : expected.containsKey("refused") ? "refused: " + expected.get("refused")
                    : "failed";
            String got = outcome(source, variables);
            if (!got.equals(wanted) && !(wanted.equals("failed") && got.startsWith("failed"))) {
                wrong.add("\n" + source + "\n  want " + wanted + " " + expected.get("fails")
                        + "\n  got  " + got);
            }
        }
        System.out.println("Jinja snippets compared: " + snippets.size());
        assertTrue(snippets.size() > 700, "only " + snippets.size() + " snippets");
        assertEquals(List.of(), wrong, wrong.size() + " snippets differ");
    }

    private static String outcome(String source, Map<String, Object> variables) {
        try {
            return ChatGoldenTest.outcome(ChatTemplate.parse(source), variables);
        } catch (TemplateException e) {
            return "failed: " + e.getMessage();
        }
    }
}
