package dev.sluice.bridge.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/// What a user types, line by line: with editing and history at a terminal, plainly from a pipe.
sealed interface UserLines extends AutoCloseable {

    static UserLines ofTerminalOrStdin() throws IOException {
        boolean interactive = System.console() != null && System.console().isTerminal();
        return interactive ? AtTerminal.open() : new FromStdin(new BufferedReader(
                new InputStreamReader(System.in, StandardCharsets.UTF_8)));
    }

    /// The next line; empty when there is no more.
    Optional<String> next() throws IOException;

    /// What Ctrl-C does until the next line is asked for.
    void onInterrupt(Runnable action);

    @Override
    void close() throws IOException;

    /// JLine. The terminal hears Ctrl-C itself, so the process goes on.
    final class AtTerminal implements UserLines {
        private final Terminal terminal;
        private final LineReader reader;

        private AtTerminal(Terminal terminal) {
            this.terminal = terminal;
            Path history = Path.of(System.getProperty("user.home"), ".sluice_history");
            reader = LineReaderBuilder.builder()
                    .terminal(terminal)
                    .variable(LineReader.HISTORY_FILE, history)
                    .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                    .build();
        }

        static AtTerminal open() throws IOException {
            return new AtTerminal(TerminalBuilder.builder().system(true).build());
        }

        /// Ctrl-C at the prompt drops the line; Ctrl-D ends.
        @Override
        public Optional<String> next() {
            terminal.handle(Terminal.Signal.INT, Terminal.SignalHandler.SIG_IGN);
            while (true) {
                try {
                    return Optional.of(reader.readLine("> "));
                } catch (UserInterruptException e) {
                    terminal.writer().println("(Ctrl-D or /exit leaves)");
                } catch (EndOfFileException e) {
                    return Optional.empty();
                }
            }
        }

        @Override
        public void onInterrupt(Runnable action) {
            terminal.handle(Terminal.Signal.INT, _ -> action.run());
        }

        @Override
        public void close() throws IOException {
            terminal.close();
        }
    }

    /// Lines of a pipe or a file. Ctrl-C ends the process as everywhere.
    record FromStdin(BufferedReader lines) implements UserLines {
        @Override
        public Optional<String> next() throws IOException {
            return Optional.ofNullable(lines.readLine());
        }

        @Override
        public void onInterrupt(Runnable action) { }

        @Override
        public void close() { }
    }
}
