package dev.sluice.runtime.schedule;

import java.util.LinkedHashMap;

/// The programs that are remembered between their calls, by client and name; beyond a limit the
/// one longest unused starts anew. Engine thread only.
final class Programs {
    private static final int PROGRAMS_MAX = 8192;

    private record Key(String client, String program) { }

    private final LinkedHashMap<Key, Program> programs = new LinkedHashMap<>(16, 0.75f, true);

    /// The program of a job; one of its own if it has no name.
    Program of(Job job) {
        JobHints hints = job.hints();
        if (hints.program().isEmpty()) {
            return new Program(job.arrival());
        }
        Program program = programs.computeIfAbsent(new Key(hints.client(), hints.program()),
                _ -> new Program(job.arrival()));
        while (programs.size() > PROGRAMS_MAX) {
            programs.pollFirstEntry();
        }
        return program;
    }
}
