package dev.sluice.bridge.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: whatever a server does, a pull ends with the right bytes under the model's name, or with
/// a reason and nothing under it. Method: a server on bare sockets that cuts, stalls, corrupts and
/// lies, with little patience on our side.
class PullTest {
    private static final String FILE = "m-Q4_K_M.gguf";
    private static final byte[] BYTES = bytes(700_000, 1);
    private static final Patience PATIENCE = new Patience(4, Duration.ofMillis(5),
            Duration.ofMillis(20), Duration.ofSeconds(3), Duration.ofSeconds(20));

    @TempDir
    private Path folder;

    private HubServer server;
    private Patience patience = PATIENCE;
    private final List<String> notes = new ArrayList<>();
    private final List<Long> progress = new ArrayList<>();

    private static byte[] bytes(int count, long seed) {
        var bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @BeforeEach
    void start() throws IOException {
        server = new HubServer().file(FILE, BYTES);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private final class Heard implements PullObserver {
        @Override
        public void note(String line) { notes.add(line); }

        @Override
        public void begin(String name, long doneBytes, long totalBytes) { }

        @Override
        public void progress(String file, long doneBytes) { progress.add(doneBytes); }

        @Override
        public void end() { }
    }

    private StoredModel pull(String reference, String... environment) {
        var variables = new java.util.HashMap<String, String>();
        variables.put("HF_ENDPOINT", server.address().toString());
        for (int i = 0; i < environment.length; i += 2) {
            variables.put(environment[i], environment[i + 1]);
        }
        HubAccess access = HubAccess.of(variables, folder.resolve("home"));
        return new Pull(new ModelStore(folder), access, patience, new Heard())
                .run(Reference.of(reference), "main");
    }

    private String refused(String reference, String... environment) {
        return assertThrows(PullException.class, () -> pull(reference, environment)).getMessage();
    }

    private Path target() { return folder.resolve("o/n").resolve(FILE); }

    private void assertPulled() throws IOException {
        StoredModel model = pull("o/n");
        assertTrue(model.isComplete(), model.toString());
        assertArrayEquals(BYTES, Files.readAllBytes(target()));
        assertFalse(Files.exists(PartFile.part(target())));
        assertFalse(Files.exists(PartFile.state(target())));
        assertEquals(BYTES.length, progress.getLast());
    }

    private void assertNoted(String part) {
        assertTrue(notes.stream().anyMatch(note -> note.contains(part)), notes.toString());
    }

    @Test
    void aSecondPullFindsTheFirst() throws IOException {
        assertPulled();
        int before = server.requestsOf(FILE).size();
        pull("o/n");
        assertEquals(before, server.requestsOf(FILE).size());
        assertNoted("is here already");
        // Without its receipt the file is checked, and not fetched either.
        Files.delete(folder.resolve("o/n/.sluice/Q4_K_M.json"));
        pull("o/n");
        assertEquals(before, server.requestsOf(FILE).size());
    }

    @Test
    void aCutConnectionIsResumed() throws IOException {
        server.next(FILE, server.cutAfter(FILE, 100_000))
                .next(FILE, server.cutAfter(FILE, 200_000))
                .next(FILE, HubServer.status(503))
                .next(FILE, server.cutAfter(FILE, 1));
        assertPulled();
        List<Long> from = server.requestsOf(FILE).stream()
                .map(HubServer.Request::from).toList();
        assertEquals(5, from.size());
        assertEquals(0, from.getFirst());
        assertTrue(0 < from.get(1) && from.get(1) <= 100_000 && from.get(1) < from.get(2)
                && from.get(2) <= 300_000 && from.get(3).equals(from.get(2)), from.toString());
        assertEquals("\"v1\"", server.requestsOf(FILE).getLast().header("if-range"));
    }

    @Test
    void aSilentConnectionIsGivenUp() throws IOException {
        // Nothing else in this test is slow, so that a busy machine costs an attempt at most.
        patience = new Patience(9, Duration.ofMillis(5), Duration.ofMillis(20),
                Duration.ofSeconds(3), Duration.ofMillis(300));
        server.next(FILE, server.stallAfter(FILE, 50_000, 20_000));
        long begin = System.nanoTime();
        assertPulled();
        assertTrue(System.nanoTime() - begin < 15_000_000_000L);
        assertNoted("nothing came for 0.3 s");
        assertTrue(server.requestsOf(FILE).getLast().from() > 0);
    }

    @Test
    void wrongBytesAreDiscarded() {
        byte[] wrong = BYTES.clone();
        wrong[1234] ^= 1;
        server.next(FILE, server.whole(wrong));
        String reason = refused("o/n");
        assertTrue(reason.contains("checksum mismatch") && reason.contains("discarded"), reason);
        assertFalse(Files.exists(target()) || Files.exists(PartFile.part(target())));
    }

    @Test
    void wrongBytesOfASmallFileAreDiscardedToo() {
        server.small("config.json", "{}".getBytes()).file("model.safetensors", bytes(99, 2));
        server.next("config.json", server.whole("[]".getBytes()));
        assertTrue(refused("o/n:safetensors").contains("checksum mismatch"));
    }

    @Test
    void aServerThatIgnoresRangesIsHeardFromTheBeginning() throws IOException {
        server.next(FILE, server.cutAfter(FILE, 100_000)).next(FILE, server.whole(BYTES));
        assertPulled();
        assertNoted("the server does not resume; beginning again");
    }

    @Test
    void aServerThatNeverComesFurtherIsGivenUp() {
        for (int i = 0; i < 9; i++) {
            server.next(FILE, (_, out) -> {
                HubServer.head(out, 200, BYTES.length);
                out.write(BYTES, 0, 1000);
            });
        }
        assertTrue(refused("o/n").contains("given up after 4 attempts"));
    }

    @Test
    void aChangedEtagRestarts() throws IOException {
        server.next(FILE, server.cutAfter(FILE, 100_000)).next(FILE, (request, out) -> {
            server.etag("\"v2\"");
            server.cutAfter(FILE, 10).write(request, out);
        });
        assertPulled();
        assertNoted("the file changed meanwhile; beginning again");
        assertEquals(0, server.requestsOf(FILE).getLast().from());
    }

    @Test
    void aWrongRangeRestarts() throws IOException {
        server.next(FILE, server.cutAfter(FILE, 100_000)).next(FILE, (_, out) -> {
            HubServer.head(out, 206, 5, "Content-Range: bytes 7-11/" + BYTES.length);
            out.write(BYTES, 7, 5);
        });
        assertPulled();
        assertNoted("the server sends another range");
    }

    @Test
    void aWrongLengthIsNamed() {
        for (int i = 0; i < 4; i++) {
            server.next(FILE, server.whole(new byte[12]));
        }
        assertTrue(refused("o/n").contains("sends 12 bytes where the hub lists 700,000"));
    }

    @Test
    void aServerThatAsksForAWaitGetsIt() throws IOException {
        server.next(FILE, HubServer.status(429, "Retry-After: 1"));
        long begin = System.nanoTime();
        assertPulled();
        assertTrue(System.nanoTime() - begin >= 1_000_000_000L);
        server.next("/tree/main", HubServer.status(503, "Retry-After: 60"));
        assertTrue(refused("o/n").contains("asks for a wait of 60 s"));
    }

    @Test
    void theTokenStaysWithTheHub() throws IOException {
        try (var other = new HubServer().file(FILE, BYTES)) {
            String elsewhere = "http://localhost:" + other.port() + "/o/n/resolve/main/" + FILE;
            server.next(FILE, HubServer.status(302, "Location: " + elsewhere));
            pull("o/n", "HF_TOKEN", "hf_secret");
            assertArrayEquals(BYTES, Files.readAllBytes(target()));
            assertEquals("", other.requests().getFirst().header("authorization"));
            for (HubServer.Request request : server.requests()) {
                assertEquals("Bearer hf_secret", request.header("authorization"));
            }
        }
    }

    @Test
    void theTokenMayLieInAFile() throws IOException {
        Path file = folder.resolve("home/.cache/huggingface/token");
        Files.createDirectories(file.getParent());
        Files.writeString(file, "hf_kept\n");
        assertPulled();
        assertEquals("Bearer hf_kept", server.requests().getFirst().header("authorization"));
    }

    @Test
    void refusalsSayWhatToDo() {
        server.next("/api/models/o/n", HubServer.status(401));
        assertTrue(refused("o/n").contains("set HF_TOKEN"));
        server.next(FILE, HubServer.status(403, "X-Error-Code: GatedRepo"));
        String gated = refused("o/n");
        assertTrue(gated.contains("(gated): accept its terms at " + server.address() + "/o/n in"),
                gated);
        assertEquals("o/other: not there", refused("o/other"));
        server.next("/tree/main", HubServer.status(404, "X-Error-Code: RevisionNotFound"));
        assertEquals("o/n: no such revision", refused("o/n"));
    }

    @Test
    void aNameThatLeavesTheStoreIsRefused() throws IOException {
        for (String name : List.of("../../../evil-Q4_K_M.gguf", "/tmp/evil-Q4_K_M.gguf",
                "a/../../x-Q4_K_M.gguf", "a\\b-Q4_K_M.gguf", ".sluice/x-Q4_K_M.gguf",
                "c:x-Q4_K_M.gguf", "x\n-Q4_K_M.gguf")) {
            try (var evil = new HubServer().file(name, BYTES)) {
                HubServer kept = server;
                server = evil;
                assertTrue(refused("o/n").contains("is refused"), name);
                server = kept;
                assertEquals(2, evil.requests().size(), "nothing was fetched");
            }
        }
        for (String name : List.of("../x", "o/..", "o/n/x", "/o/n", "o/.sluice", "o/n:../x")) {
            assertThrows(PullException.class, () -> Reference.of(name), name);
        }
        assertFalse(Files.exists(folder.resolve("../evil-Q4_K_M.gguf")));
    }

    @Test
    void spaceIsAskedForFirst() {
        server.listed("big-Q8_0.gguf", 1L << 60);
        String reason = refused("o/n:Q8_0");
        assertTrue(reason.startsWith("1,152,921,504,606,846,976 bytes are needed, and "), reason);
        assertTrue(server.requestsOf("big-Q8_0.gguf").isEmpty());
    }

    @Test
    void aFullDiskIsNamed() throws IOException {
        Files.createDirectories(target().getParent());
        // A device on which every write fails as on a full disk.
        Files.createSymbolicLink(PartFile.part(target()), Path.of("/dev/full"));
        assertTrue(refused("o/n").startsWith("the disk is full, writing "));
        assertFalse(Files.exists(target()));
    }

    @Test
    void aSecondPullAtTheSameTimeSaysSo() throws Exception {
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        server.next(FILE, (request, out) -> {
            begun.countDown();
            go.await();
            server.whole(BYTES).write(request, out);
        });
        HubAccess access = HubAccess.of(
                Map.of("HF_ENDPOINT", server.address().toString()), folder);
        Thread first = Thread.ofVirtual().start(() -> new Pull(new ModelStore(folder), access,
                PATIENCE, new Heard()).run(Reference.of("o/n"), "main"));
        begun.await();
        assertEquals("o/n:Q4_K_M is being pulled by another process", refused("o/n"));
        go.countDown();
        first.join();
        assertArrayEquals(BYTES, Files.readAllBytes(target()));
    }

    @Test
    void whatAnEarlierPullLeftIsUsed() throws IOException {
        long left = interrupted();
        assertPulled();
        assertNoted("found %,d of 700,000 bytes of an earlier pull".formatted(left));
        assertEquals(left, server.requestsOf(FILE).getLast().from());
    }

    /// Leaves the first bytes of the file; returns how many.
    private long interrupted() {
        server.next(FILE, server.cutAfter(FILE, 100_000));
        for (int i = 0; i < 4; i++) {
            server.next(FILE, HubServer.status(500));
        }
        refused("o/n");
        StoredModel left = new ModelStore(folder).list().getFirst();
        assertTrue(left.doneBytes() > 0 && left.doneBytes() <= 100_000, left.toString());
        assertFalse(left.isComplete());
        assertThrows(PullException.class, () -> new ModelStore(folder).find("o/n"));
        return left.doneBytes();
    }

    @Test
    void damagedBytesOfAnEarlierPullAreFetchedAgain() throws IOException {
        interrupted();
        byte[] part = Files.readAllBytes(PartFile.part(target()));
        part[77] ^= 4;
        Files.write(PartFile.part(target()), part);
        assertPulled();
        assertNoted("what an earlier pull left was damaged");
    }

    @Test
    void bytesOfAnotherVersionAreDiscarded() throws IOException {
        long left = interrupted();
        server.file(FILE, bytes(700_000, 5));
        pull("o/n");
        assertNoted("discarded %,d bytes of an earlier pull: the file has changed"
                .formatted(left));
        assertArrayEquals(bytes(700_000, 5), Files.readAllBytes(target()));
    }

    @Test
    void splitModelsAndFoldersComeWhole() throws IOException {
        server.file("big/x-Q8_0-00001-of-00002.gguf", bytes(5000, 3))
                .file("big/x-Q8_0-00002-of-00002.gguf", bytes(4000, 4))
                .small("config.json", "{\"a\":1}".getBytes()).small("tokenizer.json", new byte[0])
                .file("model-00001-of-00002.safetensors", bytes(70, 5))
                .file("model-00002-of-00002.safetensors", bytes(60, 6))
                .file("consolidated.safetensors", bytes(130, 6))
                .small("model.safetensors.index.json", "{}".getBytes())
                .small("README.md", new byte[5]);
        StoredModel split = pull("o/n:q8_0");
        assertEquals(folder.resolve("o/n/big/x-Q8_0-00001-of-00002.gguf"), split.path());
        assertEquals(9000, split.bytes());
        StoredModel tensors = pull("o/n:safetensors");
        assertEquals(folder.resolve("o/n"), tensors.path());
        assertEquals(5, tensors.files().size());
        assertTrue(tensors.isComplete() && Files.exists(folder.resolve("o/n/tokenizer.json")));
        assertFalse(Files.exists(folder.resolve("o/n/README.md")));
    }

    @Test
    void theListMayHavePages() throws IOException {
        server.next("/tree/main", (_, out) -> HubServer.head(out, 200, 2,
                "Link: <%s/api/models/o/n/tree/main?page=2>; rel=\"next\"\r\n\r\n[]"
                        .formatted(server.address())));
        assertPulled();
    }

    @Test
    void aProxyIsUsedUnlessTheHostIsExcepted() throws IOException {
        // Plain HTTP through a proxy has the whole address in its first line.
        pull("o/n", "HF_ENDPOINT", "http://hub.invalid",
                "http_proxy", "127.0.0.1:" + server.port());
        assertArrayEquals(BYTES, Files.readAllBytes(target()));
        assertTrue(server.requests().getFirst().target()
                .startsWith("http://hub.invalid/api/models"), server.requests().toString());
        String reason = refused("o/n", "HF_ENDPOINT", "http://hub.invalid", "NO_PROXY",
                "example.org,.invalid", "HTTP_PROXY", "http://127.0.0.1:" + server.port());
        assertTrue(reason.contains("given up after 4 attempts"), reason);
        assertEquals("HTTPS_PROXY is no address such as http://proxy:3128",
                refused("o/n", "HTTPS_PROXY", "socks5://u:secret@x"));
    }
}
