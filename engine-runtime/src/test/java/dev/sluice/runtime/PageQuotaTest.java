package dev.sluice.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.Matrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: a client with a quota holds no more pages than that, its work waits and is not lost, and
/// others do not wait for it.
///
/// Method: an engine on a scripted model with pages of four tokens; an observer looks at every
/// step.
@Timeout(60)
class PageQuotaTest {
    private static final int PAGE = 4;

    /// The most pages that each client's running requests had in any step.
    private static final class Watch implements LoopObserver {
        private int alice;
        private int run;
        private int bob;

        @Override
        public void logits(Generation generation, Matrix logits, int row) { }

        @Override
        public void stepped(TokenLoop loop) {
            alice = Math.max(alice, pages(loop, "alice", ""));
            run = Math.max(run, pages(loop, "alice", "run"));
            bob = Math.max(bob, pages(loop, "bob", ""));
        }

        private static int pages(TokenLoop loop, String client, String program) {
            int pages = 0;
            for (Generation g : loop.open()) {
                RequestHints hints = g.request().hints();
                if (g.attached() && hints.client().equals(client)
                        && hints.program().startsWith(program)) {
                    pages += Math.ceilDiv(g.sequence().length(), PAGE);
                }
            }
            return pages;
        }
    }

    private static GenerateRequest request(String client, String program, int seed) {
        int[] prompt = new int[16];
        for (int i = 0; i < prompt.length; i++) {
            prompt[i] = 10 + (seed * 31 + i * 7) % 200;
        }
        return GenerateRequest.of(prompt, 16, SamplingParams.greedy().withIgnoreEos(true))
                .withHints(RequestHints.NONE.withClient(client).withProgram(program));
    }

    @Test
    void aClientsWorkWaitsForItsOwn() throws InterruptedException {
        var watch = new Watch();
        var options = EngineOptions.defaults().withPageQuotas(Map.of(
                "alice", new PageQuota(16, 24), "alice/run", new PageQuota(8, 16)));
        try (var engine = new Engine(TokenLoopTest.model(4096, 1024, 1024),
                SimulatedEngine.TOKENIZER, options, watch)) {
            var streams = new ArrayList<TokenStream>();
            for (int i = 0; i < 12; i++) {
                streams.add(engine.submit(request("alice", i % 2 == 0 ? "run" : "other", i)));
            }
            for (int i = 0; i < 6; i++) {
                streams.add(engine.submit(request("bob", "", 100 + i)));
            }
            for (TokenStream stream : streams) {
                assertEquals(16, Completion.read(stream).tokens());
            }
        }
        assertTrue(watch.alice > 8 && watch.alice <= 16, "alice had " + watch.alice);
        assertTrue(watch.run > 0 && watch.run <= 8, "her run had " + watch.run);
        assertTrue(watch.bob > 24, "bob had " + watch.bob);
    }

    @Test
    void whatCanNeverBeWithinItIsRefusedAtTheDoor() throws InterruptedException {
        var options = EngineOptions.defaults().withPageQuotas(
                Map.of("alice", new PageQuota(0, 8)));
        try (var engine = new Engine(TokenLoopTest.model(4096, 1024, 1024),
                SimulatedEngine.TOKENIZER, options)) {
            RequestRejected rejected = assertThrows(RequestRejected.class,
                    () -> engine.submit(request("alice", "run", 1), 2));
            assertEquals("alice/run may hold 8 KV pages; this request needs up to 12",
                    rejected.getMessage());
            List<TokenStream> one = engine.submit(request("alice", "run", 1), 1);
            assertEquals(16, Completion.read(one.getFirst()).tokens());
        }
    }
}
