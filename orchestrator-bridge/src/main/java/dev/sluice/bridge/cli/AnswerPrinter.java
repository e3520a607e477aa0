package dev.sluice.bridge.cli;

import dev.sluice.runtime.Answer;
import dev.sluice.runtime.TokenEvent.Finished;
import dev.sluice.runtime.Usage;
import java.io.PrintWriter;
import java.util.Locale;

/// Streams answers to stdout and their statistics to stderr. One thread.
final class AnswerPrinter {
    private final PrintWriter out;
    private final PrintWriter err;
    private final boolean drawn;

    /// @param drawn whether answers depend on a seed, which is then told
    AnswerPrinter(PrintWriter out, PrintWriter err, boolean drawn) {
        this.out = out;
        this.err = err;
        this.drawn = drawn;
    }

    /// Prints every piece as it comes. When nobody reads stdout any more the answer is stopped.
    void print(Answer answer) {
        for (String piece : answer) {
            out.print(piece);
            if (out.checkError()) {
                answer.cancel();
                throw new CommandFailedException("stdout was closed");
            }
        }
        out.println();
        out.flush();
    }

    /// One line about an answer that has been read to its end.
    void statistics(Answer answer) {
        if (answer.finished().isEmpty()) {
            return;
        }
        Finished finished = answer.finished().get();
        Usage usage = finished.usage();
        String why = switch (finished.reason()) {
            case STOP -> finished.stop().isEmpty() ? "the model ended it" : "a stop text ended it";
            case LENGTH -> "-n ended it";
            case CONTEXT_FULL -> "the context is full";
            case CANCELLED -> "cancelled";
            case DEADLINE -> "its time was over";
        };
        err.println(String.format(Locale.ROOT,
                "%d prompt tokens%s at %.1f/s, first token after %.0f ms; "
                + "%d tokens at %.1f/s; %s%s",
                usage.promptTokens(),
                usage.cachedTokens() > 0 ? " (" + usage.cachedTokens() + " cached)" : "",
                usage.prefillTokensPerSecond(), usage.timeToFirstTokenNanos() / 1e6,
                usage.completionTokens(), usage.decodeTokensPerSecond(), why,
                drawn ? "; seed " + answer.seed() : ""));
        err.flush();
    }
}
