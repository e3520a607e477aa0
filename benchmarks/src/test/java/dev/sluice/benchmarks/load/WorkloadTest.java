package dev.sluice.benchmarks.load;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.benchmarks.load.AgentSession.After;
import dev.sluice.benchmarks.load.AgentSession.At;
import dev.sluice.benchmarks.load.AgentTrace.Scale;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Goal: arrivals are Poisson's, and agents share what they should. Method: statistics over many
/// arrivals; traces whose lines are written out.
final class WorkloadTest {
    private static final List<String> LINES = List.of(
            "{\"id\":\"a\",\"at\":1.5,\"system\":\"s\",\"tokens\":100,"
                    + "\"turns\":[[40,10,0.0],[20,12,0.5],[30,14,1.0]]}",
            "{\"id\":\"a.0\",\"parent\":\"a\",\"after\":1,\"wait\":0.2,\"turns\":[[5,6,0.0]]}",
            "{\"id\":\"b\",\"at\":2.0,\"system\":\"s\",\"tokens\":100,\"turns\":[[7,8,0.0]]}",
            "{\"id\":\"b.0\",\"parent\":\"b\",\"after\":3,\"wait\":0,\"turns\":[[5,6,0.0]]}");

    @Test
    void timesBetweenArrivalsAreExponential() {
        List<Long> times = new PoissonArrivals(50, 400, 0, 10, 5, 3).times();
        assertEquals(20_000, times.size(), 500);
        double mean = 0;
        double square = 0;
        int longer = 0;
        for (int i = 1; i < times.size(); i++) {
            double gap = (times.get(i) - times.get(i - 1)) / 1e9;
            mean += gap / (times.size() - 1);
            square += gap * gap / (times.size() - 1);
            longer += gap > 0.02 ? 1 : 0;
        }
        assertEquals(0.02, mean, 0.0005);
        // An exponential's deviation is its mean, and a share of 1/e exceeds it.
        assertEquals(0.02, Math.sqrt(square - mean * mean), 0.0007);
        assertEquals(Math.exp(-1), (double) longer / times.size(), 0.01);
        assertEquals(times, new PoissonArrivals(50, 400, 0, 10, 5, 3).times());
        assertNotEquals(times, new PoissonArrivals(50, 400, 0, 10, 5, 4).times());
    }

    @Test
    void strangersShareOnlyTheirSystemPrompt() {
        List<AgentSession> sessions = new PoissonArrivals(2, 10, 30, 10, 5, 1).sessions();
        List<PromptPiece> first = sessions.get(0).turns().getFirst().prompt();
        List<PromptPiece> second = sessions.get(1).turns().getFirst().prompt();
        assertEquals(first.get(0), second.get(0));
        assertNotEquals(first.get(1).text(), second.get(1).text());
    }

    @Test
    void anAgentsTurnsGrowAndItsSubAgentForks() {
        List<AgentSession> sessions = AgentTrace.parse(LINES, Scale.ONE).sessions();
        assertEquals(List.of("a", "a.0", "b"), sessions.stream().map(AgentSession::id).toList(),
                "a sub-agent after a turn that there is not can not begin");
        AgentSession parent = sessions.get(0);
        assertEquals(new At(1_500_000_000), parent.start());
        assertEquals(140, parent.turns().get(0).promptTokens());
        assertEquals(140 + 10 + 20, parent.turns().get(1).promptTokens());
        assertEquals(170 + 12 + 30, parent.turns().get(2).promptTokens());
        assertEquals(parent.turns().get(0).prompt(),
                parent.turns().get(1).prompt().subList(0, 2));
        AgentSession child = sessions.get(1);
        assertEquals(new After("a", 1, 200_000_000), child.start());
        assertEquals(170 + 12 + 5, child.turns().getFirst().promptTokens());
        assertEquals(parent.turns().get(2).prompt().subList(0, 5),
                child.turns().getFirst().prompt().subList(0, 5), "what the parent had read and said");
        assertEquals(parent.turns().getFirst().prompt().getFirst(),
                sessions.get(2).turns().getFirst().prompt().getFirst(), "one system prompt");
    }

    @Test
    void aTraceIsScaled() {
        List<AgentSession> sessions =
                AgentTrace.parse(LINES, new Scale(0.5, 2, 2, 1)).sessions();
        assertEquals(List.of("a", "a.0"), sessions.stream().map(AgentSession::id).toList());
        assertEquals(2, sessions.getFirst().turns().size());
        assertEquals(70, sessions.getFirst().turns().getFirst().promptTokens());
        assertEquals(5, sessions.getFirst().turns().getFirst().answerTokens());
        assertEquals(1_000_000_000, sessions.getFirst().turns().get(1).waitNanos());
        AgentTrace moved = new AgentTrace(AgentTrace.parse(LINES, Scale.ONE).sessions())
                .arriving(0.5, 1);
        assertEquals(new At(0), moved.sessions().get(0).start());
        assertTrue(assertInstanceOf(At.class, moved.sessions().get(2).start()).nanos() > 0);
        assertInstanceOf(After.class, moved.sessions().get(1).start());
    }

    @Test
    void theCommittedTraceIsTheGeneratedOne() throws Exception {
        List<String> lines = Files.readAllLines(Path.of("traces/agents.jsonl"));
        assertEquals(AgentTrace.generate(8, 5), lines);
        int parents = 0;
        for (AgentSession session : AgentTrace.parse(lines, Scale.ONE).sessions()) {
            if (session.start() instanceof At) {
                parents++;
                assertEquals(43, session.turns().size());
            }
        }
        assertEquals(8, parents);
    }

    @Test
    void aPieceIsTheSameForItsKey() {
        var piece = new PromptPiece("user", "k", 20);
        assertEquals(piece.text(), new PromptPiece("user", "k", 20).text());
        assertEquals(20, piece.text().strip().split(" ").length);
        assertArrayEquals(piece.ids(5, 9), piece.ids(5, 9));
        for (int id : piece.ids(5, 9)) {
            assertTrue(id >= 5 && id < 9);
        }
    }
}
