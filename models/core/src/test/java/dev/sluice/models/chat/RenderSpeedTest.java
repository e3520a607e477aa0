package dev.sluice.models.chat;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Goal: the template is no part of a request's time: parsing under 10 ms, rendering ten
/// messages under 1 ms, both warm. Method: the best of many rounds, which a busy machine hardly
/// disturbs; the figures are printed.
class RenderSpeedTest {
    private static final int ROUNDS = 500;

    @Test
    void templatesOfTheRepositoryAreFast() throws IOException {
        Map<?, ?> goldens = ChatGoldenTest.carried();
        Map<?, ?> tools = (Map<?, ?>) ((Map<?, ?>) goldens.get("conversations")).get("tools");
        for (Object name : ((Map<?, ?>) goldens.get("templates")).keySet()) {
            String source = ChatGoldenTest.resource((String) name);
            Map<String, Object> variables = ChatGoldenTest.variables(
                    Map.of("messages", tenMessages(), "tools", tools.get("tools")));
            ChatTemplate template = ChatTemplate.parse(source);
            if (!ChatGoldenTest.outcome(template, variables).startsWith("text")) {
                variables.remove("tools");
            }
            assertTrue(ChatGoldenTest.outcome(template, variables).startsWith("text"));
            long parse = best(() -> ChatTemplate.parse(source));
            long render = best(() -> ChatGoldenTest.outcome(template, variables));
            System.out.printf("%-55s parse %5d us, render %5d us%n", name, parse / 1000,
                    render / 1000);
            assertTrue(parse < 10_000_000, name + " parses in " + parse + " ns");
            assertTrue(render < 1_000_000, name + " renders in " + render + " ns");
        }
    }

    private static List<Object> tenMessages() {
        var messages = new ArrayList<Object>();
        for (int i = 0; i < 10; i++) {
            messages.add(Map.of("role", i % 2 == 0 ? "user" : "assistant", "content",
                    "Message " + i + ": " + "a few words of an ordinary length. ".repeat(8)));
        }
        return messages;
    }

    private static long best(Runnable work) {
        long best = Long.MAX_VALUE;
        for (int i = 0; i < ROUNDS; i++) {
            long start = System.nanoTime();
            work.run();
            best = Math.min(best, System.nanoTime() - start);
        }
        return best;
    }
}
