package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.http.HttpServer;
import dev.sluice.bridge.llama.SlotFolder;
import dev.sluice.models.json.Json;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: what was written for llama-server works against Sluice. Method: requests over HTTP to a
/// tiny random model; the expected fields, texts and numbers were read off llama-server (build
/// 11669) with the same file:
///
///     llama-server -m model-f32.gguf -c 256 -np 2 --slots --slot-save-path DIR
///     curl localhost:8080/completion -d '{"prompt":[1,5,7],"n_predict":4,"temperature":0,...}'
final class LlamaServerTest {
    private static final String GREEDY = "\"prompt\":[1,5,7],\"temperature\":0";

    @TempDir
    private static Path folder;

    private static PatchedServer server;

    @BeforeAll
    static void start() throws Exception {
        server = new PatchedServer(RunningServer.MODEL, ApiKeys.OPEN,
                SlotFolder.open(folder.resolve("slots")));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Map<?, ?> complete(String fields) throws Exception {
        var reply = server.post("/completion", "{" + fields + "}");
        assertEquals(200, reply.status(), reply.body());
        return reply.json();
    }

    private static Map<?, ?> map(Object value) { return (Map<?, ?>) value; }

    @Test
    void aCompletionHasTheFieldsOfLlamaServer() throws Exception {
        Map<?, ?> answer = complete(GREEDY
                + ",\"n_predict\":4,\"n_probs\":2,\"return_tokens\":true,\"id_slot\":1");
        assertEquals(Set.of("index", "content", "tokens", "id_slot", "stop", "model",
                "tokens_predicted", "tokens_evaluated", "generation_settings", "prompt",
                "has_new_line", "truncated", "stop_type", "stopping_word", "tokens_cached",
                "timings", "completion_probabilities"), answer.keySet());
        assertEquals(List.of(495L, 152L, 104L, 91L), answer.get("tokens"));
        assertEquals(" sentenceاx", answer.get("content"));
        assertEquals("<|end_of_text|>\"$", answer.get("prompt"));
        assertEquals(3L, answer.get("tokens_evaluated"));
        assertEquals(4L, answer.get("tokens_predicted"));
        assertEquals(6L, answer.get("tokens_cached"));
        assertEquals("limit", answer.get("stop_type"));
        assertEquals(1L, answer.get("id_slot"));
        assertEquals(Set.of("cache_n", "prompt_n", "prompt_ms", "prompt_per_token_ms",
                "prompt_per_second", "predicted_n", "predicted_ms", "predicted_per_token_ms",
                "predicted_per_second"), map(answer.get("timings")).keySet());
        Map<?, ?> first = map(((List<?>) answer.get("completion_probabilities")).getFirst());
        assertEquals(Set.of("id", "token", "bytes", "logprob", "top_logprobs"), first.keySet());
        assertEquals(495L, first.get("id"));
        assertEquals(-2.4388468, ((Number) first.get("logprob")).doubleValue(), 1e-3);
        Map<?, ?> second = map(((List<?>) first.get("top_logprobs")).get(1));
        assertEquals("ey", second.get("token"));
        assertEquals(-3.1330907, ((Number) second.get("logprob")).doubleValue(), 1e-3);
    }

    @Test
    void settingsAreRepeatedWithItsDefaults() throws Exception {
        Map<?, ?> settings = map(complete("\"prompt\":\"ab\",\"n_predict\":1")
                .get("generation_settings"));
        var expected = new TreeSet<>(List.of("seed", "temperature", "dynatemp_range",
                "dynatemp_exponent", "top_k", "top_p", "min_p", "top_n_sigma", "xtc_probability",
                "xtc_threshold", "typical_p", "repeat_last_n", "repeat_penalty",
                "presence_penalty", "frequency_penalty", "dry_multiplier", "dry_base",
                "dry_allowed_length", "dry_penalty_last_n", "dry_sequence_breakers", "mirostat",
                "mirostat_tau", "mirostat_eta", "stop", "max_tokens", "n_predict", "n_keep",
                "n_discard", "ignore_eos", "stream", "logit_bias", "n_probs", "min_keep",
                "grammar", "samplers", "timings_per_token", "post_sampling_probs", "lora"));
        assertEquals(expected, new TreeSet<>(settings.keySet()));
        assertEquals(40L, settings.get("top_k"));
        assertEquals(List.of("penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p",
                "min_p", "xtc", "temperature"), settings.get("samplers"));
        assertEquals(0.8f, ((Number) settings.get("temperature")).floatValue());
    }

    @Test
    void promptsComeInEveryForm() throws Exception {
        var several = server.post("/completion", "{\"prompt\":[\"ab\",[1,5,7],[1,\"ab\"],"
                + "{\"prompt_string\":\"ab\"}],\"n_predict\":2,\"temperature\":0}");
        List<?> answers = (List<?>) Json.parse(several.body());
        assertEquals(4, answers.size());
        assertEquals(3L, map(answers.get(0)).get("tokens_evaluated"));
        assertEquals(2L, map(answers.get(2)).get("index"));
        assertEquals(map(answers.get(0)).get("content"), map(answers.get(3)).get("content"));
        Map<?, ?> mixed = complete("\"prompt\":[1,\"ab\",7],\"n_predict\":2");
        assertEquals("<|end_of_text|>ab$", mixed.get("prompt"));
        assertEquals(4L, mixed.get("tokens_evaluated"));
        assertEquals("<|begin_of_text|>",
                complete("\"prompt\":\"\",\"n_predict\":1").get("prompt"));
        var choices = server.post("/completions", "{\"prompt\":\"ab\",\"n_cmpl\":3,"
                + "\"n_predict\":2}");
        assertEquals(3, ((List<?>) Json.parse(choices.body())).size());
    }

    @Test
    void aStreamBringsTheSameAnswer() throws Exception {
        String fields = GREEDY + ",\"n_predict\":12,\"n_probs\":1,\"timings_per_token\":true";
        String whole = (String) complete(fields).get("content");
        var events = server.post("/completion", "{" + fields + ",\"stream\":true}").events();
        var text = new StringBuilder();
        for (Map<?, ?> event : events) {
            text.append(event.get("content"));
            boolean last = event == events.getLast();
            assertEquals(last, event.get("stop"));
            assertEquals(last ? 0 : 1, ((List<?>) event.get("tokens")).size());
            assertTrue(event.containsKey("timings"));
        }
        assertEquals(whole, text.toString());
        assertEquals(13, events.size());
        assertEquals("limit", events.getLast().get("stop_type"));
    }

    @Test
    void answersEndAsTheyAreAsked() throws Exception {
        Map<?, ?> word = complete(GREEDY + ",\"n_predict\":50,\"stop\":[\"x\"]");
        assertEquals("word", word.get("stop_type"));
        assertEquals("x", word.get("stopping_word"));
        assertEquals(" sentenceا", word.get("content"));
        Map<?, ?> nothing = complete(GREEDY + ",\"n_predict\":0");
        assertEquals("", nothing.get("content"));
        assertEquals(0L, nothing.get("tokens_predicted"));
        Map<?, ?> full = complete(GREEDY + ",\"ignore_eos\":true,\"n_keep\":-1");
        assertEquals(true, full.get("truncated"));
        assertEquals((long) PatchedServer.CONTEXT - 3, full.get("tokens_predicted"));
    }

    @Test
    void fieldsAreChosenByPath() throws Exception {
        Map<?, ?> picked = complete(GREEDY + ",\"n_predict\":3,\"response_fields\":[\"content\","
                + "\"generation_settings/n_predict\",\"nothing\",\"content/x\"]");
        assertEquals(Set.of("content", "generation_settings/n_predict"), picked.keySet());
        assertEquals(3L, picked.get("generation_settings/n_predict"));
    }

    @Test
    void biasesComeInEveryForm() throws Exception {
        String shown = ",\"n_predict\":1,\"response_fields\":[\"content\","
                + "\"generation_settings/logit_bias\"]";
        Map<?, ?> pairs = complete(GREEDY + shown
                + ",\"logit_bias\":[[495,false],[\"ab\",1.5],[7,2]]");
        assertEquals(4, ((List<?>) pairs.get("generation_settings/logit_bias")).size());
        assertEquals("ey", pairs.get("content"));
        Map<?, ?> object = complete(GREEDY + shown + ",\"logit_bias\":{\"91\":100}");
        assertEquals("x", object.get("content"));
    }

    @Test
    void samplersRunInTheOrderAsked() throws Exception {
        Map<?, ?> letters = complete(GREEDY + ",\"n_predict\":1,\"samplers\":\"kt\"");
        assertEquals(List.of("top_k", "temperature"),
                map(letters.get("generation_settings")).get("samplers"));
        // Without its step, a temperature of 0 is no temperature: two seeds differ.
        String without = "\"prompt\":[1,5,7],\"temperature\":0,\"samplers\":[\"top_p\"],"
                + "\"top_p\":1,\"n_predict\":8,\"seed\":";
        assertNotEquals(complete(without + "1").get("content"),
                complete(without + "2").get("content"));
        assertEquals(complete(without + "1").get("content"),
                complete(without + "1").get("content"));
        complete(GREEDY + ",\"n_predict\":2,\"mirostat\":2,\"mirostat_tau\":3");
    }

    @Test
    void grammarsAreObeyed() throws Exception {
        Map<?, ?> gbnf = complete("\"prompt\":\"a\","
                + "\"grammar\":\"root ::= \\\"yes\\\" | \\\"no\\\"\"");
        assertTrue(Set.of("yes", "no").contains(gbnf.get("content")), gbnf.toString());
        assertEquals("eos", gbnf.get("stop_type"));
        Map<?, ?> schema = complete("\"prompt\":\"a\",\"json_schema\":{\"enum\":[1,2]}");
        // 1.0 and 10e-1 are the number 1 too, says JSON Schema.
        Object value = Json.parse((String) schema.get("content"));
        assertTrue(Set.of(1.0, 2.0).contains(((Number) value).doubleValue()), schema.toString());
        assertRefused("\"prompt\":\"a\",\"grammar\":\"root ::= \\\"\"", "");
        assertRefused("\"prompt\":\"a\",\"json_schema\":{\"uniqueItems\":true}", "uniqueItems");
    }

    @Test
    void theCacheIsUsedUnlessRefused() throws Exception {
        String prompt = "\"prompt\":[9,8,7,6,5,4,3,2,1],\"n_predict\":1";
        complete(prompt);
        assertEquals(8L, map(complete(prompt).get("timings")).get("cache_n"));
        assertEquals(0L, map(complete(prompt + ",\"cache_prompt\":false").get("timings"))
                .get("cache_n"));
    }

    // ---- slots -------------------------------------------------------------------------------

    @Test
    void slotsAreSavedRestoredAndErased() throws Exception {
        complete("\"prompt\":[2,4,6,8,10],\"n_predict\":3,\"temperature\":0,\"id_slot\":2,"
                + "\"ignore_eos\":true");
        var saved = server.post("/slots/2?action=save", "{\"filename\":\"a.bin\"}");
        assertEquals(7L, saved.json().get("n_saved"), saved.body());
        assertEquals(Files.size(folder.resolve("slots/a.bin")), saved.json().get("n_written"));
        var erased = server.post("/slots/2?action=erase", "");
        assertEquals(7L, erased.json().get("n_erased"), erased.body());
        assertEquals(0L, server.post("/slots/2?action=erase", "{}").json().get("n_erased"));
        try (var other = new PatchedServer(RunningServer.MODEL, ApiKeys.OPEN,
                SlotFolder.open(folder.resolve("slots")))) {
            var restored = other.post("/slots/0?action=restore", "{\"filename\":\"a.bin\"}");
            assertEquals(7L, restored.json().get("n_restored"), restored.body());
            var goesOn = other.post("/completion",
                    "{\"prompt\":[2,4,6,8,10,12],\"n_predict\":1}");
            assertEquals(5L, map(goesOn.json().get("timings")).get("cache_n"));
        }
    }

    @Test
    void tornAndForeignFilesAreRefused() throws Exception {
        complete("\"prompt\":[3,4,6,8,10],\"n_predict\":3,\"id_slot\":3");
        server.post("/slots/3?action=save", "{\"filename\":\"whole\"}");
        Path slots = folder.resolve("slots");
        byte[] bytes = Files.readAllBytes(slots.resolve("whole"));
        Files.write(slots.resolve("torn"), Arrays.copyOf(bytes, bytes.length - 9));
        bytes[bytes.length / 2] ^= 1;
        Files.write(slots.resolve("changed"), bytes);
        Files.writeString(slots.resolve("foreign"), "not a slot at all");
        for (String name : List.of("torn", "changed", "foreign", "nothere")) {
            var reply = server.post("/slots/3?action=restore", "{\"filename\":\"" + name + "\"}");
            assertEquals(400, reply.status(), name + ": " + reply.body());
            assertEquals("invalid_request_error", reply.error().get("type"));
        }
        assertTrue((Long) server.post("/slots/3?action=erase", "").json().get("n_erased") >= 5,
                "the slot keeps what it had");
    }

    @Test
    void namesOutsideTheFolderAreRefused() throws Exception {
        for (String name : List.of("", ".", "..", "../x", "a/b", "a\\\\b", ".hidden", "x.tmp",
                "/etc/passwd", "a\\u0000b", "x ", "é", "a".repeat(300))) {
            for (String action : List.of("save", "restore")) {
                var reply = server.post("/slots/0?action=" + action,
                        "{\"filename\":\"" + name + "\"}");
                assertEquals(400, reply.status(), name);
            }
        }
        assertEquals(400, server.post("/slots/9?action=erase", "").status());
        assertEquals(400, server.post("/slots/x?action=erase", "").status());
        assertEquals(400, server.post("/slots/0?action=what", "").status());
        assertEquals(400, server.post("/slots/0", "{\"bogus\":1}").status());
    }

    @Test
    void slotsShowWhatRuns() throws Exception {
        var thread = Thread.ofVirtual().start(() -> {
            try {
                server.post("/completion", "{" + GREEDY + ",\"ignore_eos\":true,\"id_slot\":0}");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        Map<?, ?> seen = Map.of();
        long end = System.nanoTime() + 20_000_000_000L;
        while (seen.isEmpty() && System.nanoTime() < end) {
            for (Object each : (List<?>) Json.parse(server.get("/slots").body())) {
                if (Boolean.TRUE.equals(map(each).get("is_processing"))) {
                    seen = map(each);
                }
            }
        }
        thread.join();
        assertFalse(seen.isEmpty(), "no slot was seen at work");
        assertEquals(3L, seen.get("n_prompt_tokens"));
        assertEquals(true, map(seen.get("params")).get("ignore_eos"));
        assertEquals(true, map(((List<?>) seen.get("next_token")).getFirst())
                .get("has_next_token"));
    }

    @Test
    void aKilledSaveIsDiscardedAtTheNextStart() throws Exception {
        Path place = Files.createDirectories(folder.resolve("killed"));
        Files.writeString(place.resolve("mine.tmp"), "another program's");
        Files.write(place.resolve("b.bin.tmp"), new byte[0]);
        Files.writeString(place.resolve("a.bin.tmp"), "SLUICEKV and some more");
        assertEquals(2, SlotFolder.open(place).discarded().size());
        assertTrue(Files.exists(place.resolve("mine.tmp")));
        assertFalse(Files.exists(place.resolve("a.bin.tmp")));
    }

    // ---- the rest ----------------------------------------------------------------------------

    @Test
    void propertiesAndModelsAreThere() throws Exception {
        Map<?, ?> props = server.get("/props").json();
        assertTrue(props.keySet().containsAll(List.of("default_generation_settings",
                "total_slots", "model_alias", "model_path", "modalities", "chat_template",
                "chat_template_caps", "bos_token", "eos_token", "build_info", "is_sleeping")));
        Map<?, ?> params = map(map(props.get("default_generation_settings")).get("params"));
        assertEquals(40L, params.get("top_k"));
        Map<?, ?> entry = map(((List<?>) server.get("/v1/models").json().get("data")).getFirst());
        Map<?, ?> meta = map(entry.get("meta"));
        assertEquals(Map.of("vocab_type", 2L, "n_vocab", 512L, "n_ctx", 2048L, "n_ctx_train", 256L,
                "n_embd", 64L, "n_params", 139584L, "size", 558336L, "ftype", "F32"), meta);
        assertEquals("ok", server.get("/v1/health").json().get("status"));
    }

    @Test
    void aLoadingModelIsNotHealthy() throws Exception {
        var loading = new CountDownLatch(1);
        var loaded = new CountDownLatch(1);
        var host = new ModelHost(Map.of("slow", new ModelHost.Opener() {
            @Override
            public HostedModel open() {
                loading.countDown();
                try {
                    loaded.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                throw new IllegalStateException("it was only a test");
            }

            @Override
            public long bytes() { return 1; }
        }), 10);
        try (var http = HttpServer.start(
                HttpOptions.defaults(), new ApiServer(host, ApiKeys.OPEN));
                var client = HttpClient.newHttpClient()) {
            Thread user = Thread.ofVirtual().start(() -> assertThrows(
                    ApiException.class, () -> host.acquire("")));
            loading.await();
            var health = HttpRequest.newBuilder(
                    URI.create("http://127.0.0.1:" + http.port() + "/health")).build();
            var reply = client.send(health, HttpResponse.BodyHandlers.ofString());
            assertEquals(503, reply.statusCode());
            assertTrue(reply.body().contains("unavailable_error"), reply.body());
            loaded.countDown();
            user.join();
            assertEquals(200, client.send(
                    health, HttpResponse.BodyHandlers.ofString()).statusCode());
        }
    }

    @Test
    void aSlotKeepsWhatAChatLeft() throws Exception {
        server.post("/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":"
                + "\"a chat\"}],\"max_tokens\":3,\"ignore_eos\":true}");
        long kept = 0;
        for (int slot = 0; slot < 4; slot++) {
            kept = Math.max(kept, (Long) server.post("/slots/" + slot + "?action=save",
                    "{\"filename\":\"chat.bin\"}").json().get("n_saved"));
        }
        assertTrue(kept > 20, "tokens kept: " + kept);
    }

    @Test
    void infillNeedsATokenForEachPart() throws Exception {
        var refused = server.post("/infill", "{\"input_prefix\":\"a\",\"input_suffix\":\"b\"}");
        assertEquals(400, refused.status());
        assertTrue(refused.body().contains("infill is not supported"), refused.body());
        Path model = new PatchedModel().token("sea", "<PRE>").token("rch", "<SUF>")
                .token("ul", "<MID>").write(folder.resolve("fim.gguf"), "{{ messages }}");
        try (var fim = new PatchedServer(model, ApiKeys.OPEN)) {
            var reply = fim.post("/infill", "{\"input_prefix\":\"if <MID>\",\"input_suffix\":"
                    + "\"fi\",\"prompt\":\"x\",\"n_predict\":3,\"input_extra\":"
                    + "[{\"filename\":\"f\",\"text\":\"t\"}]}");
            assertEquals(200, reply.status(), reply.body());
            assertEquals("<|begin_of_text|>\n\n--- snippet ---\n\nt<PRE>if <MID><SUF>fi<MID>x",
                    reply.json().get("prompt"));
            // The user's mark is text. Four tokens are the beginning's and the three parts'.
            int expected = 4;
            for (String part : List.of("\\n\\n--- snippet ---\\n\\n", "t", "if <MID>", "fi", "x")) {
                var tokens = fim.post("/tokenize",
                        "{\"content\":\"" + part + "\",\"parse_special\":false}");
                expected += ((List<?>) tokens.json().get("tokens")).size();
            }
            assertEquals((long) expected, reply.json().get("tokens_evaluated"), reply.body());
        }
    }

    @Test
    void whatIsNotSupportedIsNamed() throws Exception {
        for (String field : List.of("\"bogus\":1", "\"min_keep\":3", "\"n_indent\":2",
                "\"post_sampling_probs\":true", "\"lora\":[{\"id\":0,\"scale\":1}]",
                "\"samplers\":[\"infill\"]", "\"n_probs\":50", "\"adaptive_target\":0.3",
                "\"return_progress\":true", "\"id_slot\":77", "\"n_cache_reuse\":5",
                "\"temperature\":\"hot\"", "\"seed\":1.5", "\"logit_bias\":[[1]]",
                "\"logit_bias\":[[99999,1]]", "\"logit_bias\":{\"1\":\"x\"}", "\"stop\":7",
                "\"response_fields\":[1]", "\"n_predict\":-7", "\"grammar\":3")) {
            String name = field.substring(1, field.indexOf('"', 1));
            assertRefused("\"prompt\":\"a\",\"n_predict\":1," + field, name);
        }
        for (String prompt : List.of("null", "[]", "[[]]", "[-1]", "[99999]", "1.5", "[1.5]",
                "{\"prompt_string\":\"a\",\"multimodal_data\":[\"x\"]}", "[true]", "[1,[2]]",
                "[null,\"a\"]")) {
            assertRefused("\"n_predict\":1,\"prompt\":" + prompt, "");
        }
        assertRefused("", "prompt");
    }

    private static void assertRefused(String fields, String named) throws Exception {
        var reply = server.post("/completion", "{" + fields + "}");
        assertEquals(400, reply.status(), fields + ": " + reply.body());
        assertEquals(400L, reply.error().get("code"));
        assertEquals("invalid_request_error", reply.error().get("type"));
        assertTrue(reply.error().get("message").toString().contains(named), reply.body());
    }

    @Test
    void hostileBodiesGetFourHundreds() throws Exception {
        var random = new Random(5);
        String good = "{\"prompt\":[1,\"a\"],\"n_predict\":2,\"samplers\":[\"top_k\"],"
                + "\"logit_bias\":[[1,2]],\"stop\":[\"x\"],\"response_fields\":[\"content\"]}";
        for (int i = 0; i < 300; i++) {
            var broken = new StringBuilder(good);
            for (int k = 0; k < 1 + i % 3; k++) {
                broken.setCharAt(random.nextInt(broken.length()),
                        "{}[]\":,x0-".charAt(random.nextInt(10)));
            }
            int status = server.post("/completion", broken.toString()).status();
            assertTrue(status == 400 || status == 200, status + " for " + broken);
        }
        assertEquals(200, server.post("/completion", good).status());
    }
}
