package dev.sluice.bridge.openai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.serve.RunningServer;
import dev.sluice.bridge.serve.RunningServer.Reply;
import dev.sluice.bridge.serve.ToolModel;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: every field of a chat completion is honoured or refused by its name. Method: one request
/// for each field, to a tiny random model.
final class ChatFieldsTest {
    private static final String PATH = "/v1/chat/completions";
    private static final String TOOLS = "\"tools\":[" + tool("add") + "," + tool("sub") + "]";

    @TempDir
    private static Path folder;
    private static RunningServer server;
    private static RunningServer thinking;

    @BeforeAll
    static void start() throws IOException {
        server = server("plain", ToolModel.HERMES);
        thinking = server("thinking", ToolModel.THINKING);
    }

    private static RunningServer server(String name, String template) throws IOException {
        return new RunningServer(HttpOptions.defaults(), ApiKeys.OPEN,
                new ToolModel(Files.createDirectory(folder.resolve(name)), template));
    }

    @AfterAll
    static void stop() {
        server.close();
        thinking.close();
    }

    private static String tool(String name) {
        return "{\"type\":\"function\",\"function\":{\"name\":\"" + name + "\",\"parameters\":"
                + "{\"type\":\"object\",\"properties\":{\"a\":{\"enum\":[\"x\",\"y\"]}},"
                + "\"required\":[\"a\"],\"additionalProperties\":false}}}";
    }

    private static String body(String more) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_completion_tokens\":"
                + "8,\"temperature\":0" + (more.isEmpty() ? "" : "," + more) + "}";
    }

    private static Map<?, ?> answered(RunningServer by, String body) throws Exception {
        Reply reply = by.post(PATH, body);
        assertEquals(200, reply.status(), body + reply.body());
        return reply.json();
    }

    private static Map<?, ?> message(Map<?, ?> completion) {
        return (Map<?, ?>) ((Map<?, ?>) ((List<?>) completion.get("choices")).getFirst())
                .get("message");
    }

    private static String text(String more) throws Exception {
        return (String) message(answered(server, body(more))).get("content");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"user\":\"u\"", "\"metadata\":{\"a\":\"b\"}", "\"store\":false",
        "\"safety_identifier\":\"s\"", "\"prompt_cache_key\":\"k\"", "\"verbosity\":\"medium\"",
        "\"service_tier\":\"auto\"", "\"modalities\":[\"text\"]", "\"tool_choice\":\"none\"",
        "\"prompt_cache_retention\":\"in-memory\"", "\"response_format\":{\"type\":\"text\"}",
        "\"stop\":null", "\"stop\":[\"~~~~~\"]", "\"parallel_tool_calls\":false"})
    void what_changes_nothing_is_accepted(String field) throws Exception {
        assertEquals(text(""), text(field));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', value = {
        "\"store\":true | store",
        "\"metadata\":{\"a\":1} | metadata.a",
        "\"modalities\":[\"text\",\"audio\"] | modalities",
        "\"audio\":{\"voice\":\"x\"} | audio",
        "\"web_search_options\":{} | web_search_options",
        "\"prediction\":{\"type\":\"content\",\"content\":\"x\"} | prediction",
        "\"verbosity\":\"low\" | verbosity",
        "\"service_tier\":\"priority\" | service_tier",
        "\"prompt_cache_retention\":\"24h\" | prompt_cache_retention",
        "\"functions\":[] | functions",
        "\"function_call\":\"auto\" | function_call",
        "\"stream_options\":{\"bogus\":1} | stream_options.bogus",
        "\"stream_options\":{\"include_obfuscation\":true} | stream_options.include_obfuscation",
        "\"stop\":[\"\"] | stop",
        "\"top_logprobs\":2 | top_logprobs",
        "\"n\":0 | n",
        "\"response_format\":{\"type\":\"yaml\"} | response_format.type",
        "\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"x\"}}] | tools[0].type",
        "\"tool_choice\":\"required\" | tool_choice",
        "\"tool_choice\":\"perhaps\" | tool_choice",
    })
    void what_is_not_supported_is_named(String field, String param) throws Exception {
        String more = param.equals("tool_choice") && field.contains("perhaps")
                ? TOOLS + "," + field : field;
        Reply reply = server.post(PATH, body(more));
        assertEquals(400, reply.status(), reply.body());
        assertEquals(param, reply.error().get("param"), reply.body());
        assertEquals("invalid_request_error", reply.error().get("type"));
    }

    @Test
    void drawing_obeys() throws Exception {
        String warm = "\"temperature\":1,\"seed\":";
        String body = body("").replace("\"temperature\":0", warm + "5");
        assertEquals(message(answered(server, body)), message(answered(server, body)));
        assertNotEquals(message(answered(server, body)), message(answered(server,
                body.replace(warm + "5", warm + "6"))));
        Map<?, ?> choice = (Map<?, ?>) ((List<?>) answered(server,
                body("\"logprobs\":true,\"top_logprobs\":3")).get("choices")).getFirst();
        Map<?, ?> first = (Map<?, ?>) ((List<?>) ((Map<?, ?>) choice.get("logprobs"))
                .get("content")).getFirst();
        assertEquals(3, ((List<?>) first.get("top_logprobs")).size());
        assertTrue(first.get("bytes") instanceof List, first.toString());
        // A token as good as forced, and then banned.
        long id = (Long) ((List<?>) server.post("/tokenize", "{\"content\":\"a\"}").json()
                .get("tokens")).getFirst();
        assertEquals("aaaaaaaa", text("\"logit_bias\":{\"" + id + "\":100}"));
        String spread = "\"temperature\":2,\"seed\":1,\"max_completion_tokens\":400,"
                + "\"ignore_eos\":true,\"logprobs\":true";
        assertTrue(drawn(spread, ",\"logit_bias\":{\"" + id + "\":10}"));
        assertFalse(drawn(spread, ",\"logit_bias\":{\"" + id + "\":-100}"));
        assertNotEquals(text("\"logit_bias\":{\"" + id + "\":20}"),
                text("\"logit_bias\":{\"" + id + "\":20},\"frequency_penalty\":2,"
                        + "\"presence_penalty\":2,\"repetition_penalty\":50"));
    }

    /// Whether the token `a` is in an answer.
    private static boolean drawn(String fields, String more) throws Exception {
        String body = body(fields + more).replaceFirst(
                "\"max_completion_tokens\":8,\"temperature\":0,", "");
        return answered(server, body).toString().contains("token=a,");
    }

    @Test
    void a_stop_string_ends_the_answer() throws Exception {
        String whole = text("");
        String stop = whole.substring(3, 5);
        String cut = text("\"stop\":\"" + stop.replace("\"", "\\\"") + "\"");
        assertEquals(whole.substring(0, whole.indexOf(stop)), cut);
    }

    @Test
    void tools_are_chosen_as_asked() throws Exception {
        String one = ",\"parallel_tool_calls\":false,\"max_completion_tokens\":300";
        for (int seed = 0; seed < 4; seed++) {
            String at = ",\"seed\":" + seed + ",\"temperature\":1" + one;
            assertEquals("sub", called(TOOLS + at.replace(one, ",\"max_completion_tokens\":300")
                    + ",\"tool_choice\":{\"type\":\"function\",\"function\":"
                    + "{\"name\":\"sub\"}}").getFirst());
            assertEquals(List.of("add"), called(TOOLS + at + ",\"tool_choice\":{\"type\":"
                    + "\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\",\"tools\":"
                    + "[{\"type\":\"function\",\"function\":{\"name\":\"add\"}}]}}"));
            assertTrue(new HashSet<>(List.of("add", "sub")).containsAll(
                    called(TOOLS + at + ",\"tool_choice\":\"required\"")));
        }
        Reply nobody = server.post(PATH, body(TOOLS + ",\"tool_choice\":{\"type\":\"function\","
                + "\"function\":{\"name\":\"mul\"}}"));
        assertEquals("tool_choice.function.name", nobody.error().get("param"));
    }

    /// The names of the calls of an answer, their arguments checked.
    private static List<String> called(String more) throws Exception {
        String body = body(more).replaceFirst("\"max_completion_tokens\":8,\"temperature\":0,", "");
        Map<?, ?> completion = answered(server, body);
        assertEquals("tool_calls", ((Map<?, ?>) ((List<?>) completion.get("choices")).getFirst())
                .get("finish_reason"), completion.toString());
        return ((List<?>) message(completion).get("tool_calls")).stream().map(call -> {
            Map<?, ?> function = (Map<?, ?>) ((Map<?, ?>) call).get("function");
            Map<?, ?> arguments = (Map<?, ?>) Json.parse((String) function.get("arguments"));
            assertTrue(List.of("x", "y").contains(arguments.get("a")), function.toString());
            return (String) function.get("name");
        }).toList();
    }

    @Test
    void reasoning_goes_out_and_comes_back() throws Exception {
        Map<?, ?> completion = answered(thinking,
                body("\"reasoning_effort\":\"low\",\"ignore_eos\":true"));
        assertTrue(message(completion).get("reasoning_content") instanceof String,
                completion.toString());
        Map<?, ?> details = (Map<?, ?>) ((Map<?, ?>) completion.get("usage"))
                .get("completion_tokens_details");
        assertEquals(8L, details.get("reasoning_tokens"));
        assertEquals(0L, ((Map<?, ?>) ((Map<?, ?>) answered(thinking,
                body("\"reasoning_effort\":\"none\"")).get("usage"))
                .get("completion_tokens_details")).get("reasoning_tokens"));
        long without = promptTokens("{\"role\":\"assistant\",\"content\":\"x\"}");
        for (String name : List.of("reasoning_content", "reasoning")) {
            assertTrue(promptTokens("{\"role\":\"assistant\",\"content\":\"x\",\"" + name
                    + "\":\"because\"}") > without);
        }
    }

    private static long promptTokens(String message) throws Exception {
        return (Long) ((Map<?, ?>) answered(thinking, "{\"max_tokens\":1,\"messages\":[" + message
                + ",{\"role\":\"user\",\"content\":\"go on\"}]}").get("usage"))
                .get("prompt_tokens");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', value = {
        "{\"role\":\"developer\",\"content\":\"x\"} |",
        "{\"role\":\"user\",\"name\":\"n\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]} |",
        "{\"role\":\"assistant\",\"content\":null,\"refusal\":\"no\"} |",
        "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"x\"} |",
        "{\"role\":\"tool\",\"content\":\"x\"} | messages[0].tool_call_id",
        "{\"role\":\"function\",\"name\":\"n\",\"content\":\"x\"} | messages[0].role",
        "{\"role\":\"assistant\",\"audio\":{\"id\":\"x\"}} | messages[0].audio",
        "{\"role\":\"assistant\",\"function_call\":{\"name\":\"x\"}} | messages[0].function_call",
        "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]} | messages[0].content[0].type",
        "{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]} "
                + "| messages[0].content[0].type",
    })
    void messages_are_read_or_refused(String message, String param) throws Exception {
        Reply reply = server.post(PATH, "{\"max_tokens\":1,\"messages\":[" + message + "]}");
        assertEquals(param == null ? 200 : 400, reply.status(), reply.body());
        if (param != null) {
            assertEquals(param, reply.error().get("param"), reply.body());
        }
    }

    @Test
    void strict_tools_are_kept_to_and_others_are_free() throws Exception {
        String strict = TOOLS.replace("\"parameters\"", "\"strict\":true,\"parameters\"");
        answered(server, body(strict));
        String impossible = strict.replace("{\"enum\":[\"x\",\"y\"]}",
                "{\"type\":\"array\",\"uniqueItems\":true}");
        Reply refused = server.post(PATH, body(impossible));
        assertEquals(400, refused.status(), refused.body());
        assertTrue(refused.body().contains("uniqueItems"), refused.body());
        answered(server, body(impossible.replace("\"strict\":true", "\"strict\":false")));
    }
}
