package dev.sluice.bridge.cli;

import dev.sluice.models.chat.TemplateRefusedException;
import dev.sluice.runtime.Answer;
import dev.sluice.runtime.RequestRejected;
import dev.sluice.runtime.Session;
import dev.sluice.runtime.Sluice;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `sluice chat`: a conversation. Ctrl-C stops the answer and not the program.
@Command(name = "chat",
        description = "Talk with a model. Ctrl-C stops an answer; /help lists the commands.")
final class ChatCommand implements Callable<Integer> {
    private static final String HELP = """
            /reset  forget the conversation
            /help   this list
            /exit   leave (so does Ctrl-D)
            Ctrl-C stops an answer.""";

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Main main;

    @Mixin
    private ModelOptions options;

    @Mixin
    private SamplingOptions sampling;

    @Option(names = "--context", paramLabel = "TOKENS", defaultValue = "0",
            description = "Most tokens of the conversation "
                    + "(default: the model's limit, at most 4096).")
    private int context;

    @Option(names = "--system", paramLabel = "TEXT", description = "A system message.")
    private Optional<String> system;

    @Option(names = "--statistics", description = "Print a line of figures after each answer.")
    private boolean statistics;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        var answerOptions = sampling.answerOptions(options);
        try (TalkingModel model = TalkingModel.open(options, context)) {
            if (!model.hasTemplate()) {
                throw new CommandFailedException(options.path()
                        + " has no chat template; 'sluice run' continues a text");
            }
            err.println(model.startLine());
            err.flush();
            try (UserLines lines = UserLines.ofTerminalOrStdin()) {
                err.println("Type a message, or /help.");
                err.flush();
                converse(model.sluice().with(answerOptions), lines);
            }
        }
        return 0;
    }

    private void converse(Sluice sluice, UserLines lines) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        Session session = session(sluice);
        for (Optional<String> line = lines.next(); line.isPresent(); line = lines.next()) {
            String text = line.get().strip();
            switch (text) {
                case "" -> { }
                case "/exit" -> {
                    return;
                }
                case "/help" -> out.println(HELP);
                case "/reset" -> {
                    session.close();
                    session = session(sluice);
                }
                default -> answer(session, text, lines);
            }
            out.flush();
        }
    }

    private Session session(Sluice sluice) {
        return system.isPresent() ? sluice.session(system.get()) : sluice.session();
    }

    private void answer(Session session, String text, UserLines lines) {
        PrintWriter err = spec.commandLine().getErr();
        if (text.startsWith("/") && !text.contains(" ")) {
            err.println("unknown command " + text + "; /help lists them");
            return;
        }
        try {
            Answer answer = session.say(text);
            lines.onInterrupt(answer::cancel);
            main.interruption().stopsBy(answer::cancel);
            var printer = new AnswerPrinter(
                    spec.commandLine().getOut(), err, sampling.drawn(options));
            printer.print(answer);
            if (statistics) {
                printer.statistics(answer);
            }
        } catch (RequestRejected rejected) {
            err.println(rejected.getMessage() + "; /reset forgets the conversation");
        } catch (TemplateRefusedException refused) {
            err.println("the chat template refuses this: " + refused.getMessage());
        }
        err.flush();
    }
}
