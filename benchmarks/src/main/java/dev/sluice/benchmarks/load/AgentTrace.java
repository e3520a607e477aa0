package dev.sluice.benchmarks.load;

import dev.sluice.benchmarks.load.AgentSession.After;
import dev.sluice.benchmarks.load.AgentSession.At;
import dev.sluice.benchmarks.load.AgentSession.Start;
import dev.sluice.benchmarks.load.AgentSession.Turn;
import dev.sluice.models.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Recorded agents: how long prompts, answers and tools were, not what they said. A file has one
/// JSON object a line, first the parents and then their sub-agents:
///
///     {"id":"a0","at":0.0,"system":"coder","tokens":1800,"turns":[[210,60,0.0],[95,40,1.4],..]}
///     {"id":"a0.1","parent":"a0","after":12,"wait":0.1,"turns":[[160,50,0.0],..]}
///
/// `at` is in seconds; a turn is [new prompt tokens, answer tokens, seconds of the tool before].
/// `system` names a prefix that sessions share. A sub-agent begins with all that its parent had
/// read and said when its turn `after` was answered. What the model answers is not sent back: the
/// recorded answer stands for it, so that every server gets the same requests.
record AgentTrace(List<AgentSession> sessions) {
    /// How a trace is made smaller.
    ///
    /// @param tokens   factor on every token count
    /// @param time     factor on every wait
    /// @param turns    most turns of a session
    /// @param parents  most sessions that are no sub-agents
    record Scale(double tokens, double time, int turns, int parents) {
        static final Scale ONE = new Scale(1, 1, Integer.MAX_VALUE, Integer.MAX_VALUE);

        private int tokens(Object count) {
            return (int) Math.max(1, Math.round(((Number) count).doubleValue() * tokens));
        }

        private long nanos(Object seconds) {
            return (long) (((Number) seconds).doubleValue() * time * 1e9);
        }
    }

    private static final int TURNS = 43;
    private static final double NANOS = 1e9;

    static AgentTrace read(Path file, Scale scale) throws IOException {
        return parse(Files.readAllLines(file), scale);
    }

    static AgentTrace parse(List<String> lines, Scale scale) {
        var sessions = new LinkedHashMap<String, AgentSession>();
        var parents = 0;
        for (String line : lines) {
            var object = (Map<?, ?>) Json.parse(line);
            String id = (String) object.get("id");
            if (!object.containsKey("parent")) {
                parents++;
                if (parents > scale.parents) {
                    continue;
                }
                sessions.put(id, session(id, new At(scale.nanos(object.get("at"))),
                        List.of(new PromptPiece("system", (String) object.get("system"),
                                scale.tokens(object.get("tokens")))), object, scale));
            } else if (sessions.containsKey(object.get("parent"))) {
                AgentSession parent = sessions.get(object.get("parent"));
                int after = ((Number) object.get("after")).intValue();
                if (after < parent.turns().size()) {
                    sessions.put(id, session(id,
                            new After(parent.id(), after, scale.nanos(object.get("wait"))),
                            history(parent, after), object, scale));
                }
            }
        }
        return new AgentTrace(List.copyOf(sessions.values()));
    }

    private static AgentSession session(String id, Start start, List<PromptPiece> prefix,
            Map<?, ?> object, Scale scale) {
        var history = new ArrayList<PromptPiece>(prefix);
        var turns = new ArrayList<Turn>();
        for (Object each : (List<?>) object.get("turns")) {
            var turn = (List<?>) each;
            if (turns.size() < scale.turns) {
                String key = id + "/" + turns.size();
                history.add(new PromptPiece("user", key, scale.tokens(turn.get(0))));
                int answer = scale.tokens(turn.get(1));
                turns.add(new Turn(history, answer, scale.nanos(turn.get(2))));
                history.add(new PromptPiece("assistant", key + "/answer", answer));
            }
        }
        return new AgentSession(id, start, turns);
    }

    /// What a session had read and said after a turn.
    private static List<PromptPiece> history(AgentSession parent, int after) {
        Turn turn = parent.turns().get(after);
        var history = new ArrayList<PromptPiece>(turn.prompt());
        history.add(new PromptPiece("assistant", parent.id() + "/" + after + "/answer",
                turn.answerTokens()));
        return history;
    }

    /// Lines of a trace of coding agents: 43 turns each, one system prompt, a first task that is
    /// longer than the tools' answers after it, tools that mostly take a moment and sometimes a
    /// test run, and for each parent two sub-agents of a few turns.
    static List<String> generate(int agents, long seed) {
        var random = new Random(seed);
        var lines = new ArrayList<String>();
        double at = 0;
        for (int agent = 0; agent < agents; agent++) {
            String id = "a" + agent;
            lines.add("{\"id\":\"%s\",\"at\":%s,\"system\":\"coder\",\"tokens\":1800,\"turns\":%s}"
                    .formatted(id, rounded(at), turns(random, TURNS, 400)));
            for (int child = 0; child < 2; child++) {
                lines.add("{\"id\":\"%s.%d\",\"parent\":\"%s\",\"after\":%d,\"wait\":%s,\"turns\":%s}"
                        .formatted(id, child, id, 5 + child * 14 + random.nextInt(8),
                                rounded(0.2 * random.nextDouble()),
                                turns(random, 4 + random.nextInt(5), 160)));
            }
            at -= Math.log(1 - random.nextDouble()) * 4;
        }
        return lines;
    }

    private static String turns(Random random, int count, int first) {
        var turns = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            double wait = i == 0 ? 0 : random.nextInt(8) == 0 ? 2 + 4 * random.nextDouble()
                    : 0.05 + 0.6 * random.nextDouble();
            int read = i == 0 ? first : 20 + (int) (-120 * Math.log(1 - random.nextDouble()));
            turns.add("[%d,%d,%s]".formatted(Math.min(read, 900), 20 + random.nextInt(70),
                    rounded(wait)));
        }
        return "[" + String.join(",", turns) + "]";
    }

    private static String rounded(double seconds) {
        return Double.toString(Math.rint(seconds * 100) / 100);
    }

    /// The same sessions, with the parents' beginnings drawn anew at a rate.
    AgentTrace arriving(double perSecond, long seed) {
        var random = new Random(seed);
        var moved = new ArrayList<AgentSession>();
        double at = 0;
        for (AgentSession session : sessions) {
            switch (session.start()) {
                case At _ -> {
                    moved.add(new AgentSession(session.id(), new At((long) (at * NANOS)),
                            session.turns()));
                    at -= Math.log(1 - random.nextDouble()) / perSecond;
                }
                case After _ -> moved.add(session);
            }
        }
        return new AgentTrace(List.copyOf(moved));
    }
}
