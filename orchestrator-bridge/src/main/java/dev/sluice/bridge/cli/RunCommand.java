package dev.sluice.bridge.cli;

import dev.sluice.runtime.Answer;
import dev.sluice.runtime.Session;
import dev.sluice.runtime.Sluice;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `sluice run`: one answer, streamed to stdout; statistics to stderr.
@Command(name = "run",
        description = "Answer one prompt. The answer goes to stdout, statistics to stderr.")
final class RunCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Main main;

    @Mixin
    private ModelOptions options;

    @Mixin
    private SamplingOptions sampling;

    @Option(names = "--context", paramLabel = "TOKENS", defaultValue = "0",
            description = "Most tokens of prompt and answer "
                    + "(default: the model's limit, at most 4096).")
    private int context;

    @Option(names = "--system", paramLabel = "TEXT", description = "A system message.")
    private Optional<String> system;

    @Option(names = "--raw",
            description = "Continue the prompt as it stands, without the model's chat template.")
    private boolean raw;

    @Parameters(paramLabel = "PROMPT", description = "The prompt; - reads it from stdin.")
    private String prompt;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        String text = prompt.equals("-") ? stdin() : prompt;
        if (text.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "the prompt is empty");
        }
        var answerOptions = sampling.answerOptions(options);
        try (TalkingModel model = TalkingModel.open(options, context)) {
            err.println(model.startLine());
            err.flush();
            Answer answer = ask(model, model.sluice().with(answerOptions), text);
            main.interruption().stopsBy(answer::cancel);
            var printer = new AnswerPrinter(spec.commandLine().getOut(), err,
                    sampling.drawn(options));
            printer.print(answer);
            printer.statistics(answer);
            printer.statistics(model.model());
        }
        return 0;
    }

    private Answer ask(TalkingModel model, Sluice sluice, String text) {
        if (raw || !model.hasTemplate()) {
            if (system.isPresent()) {
                throw new ParameterException(spec.commandLine(), raw
                        ? "--system needs the chat template that --raw leaves out"
                        : "--system needs a chat template, and the model has none");
            }
            return sluice.complete(text);
        }
        if (system.isPresent()) {
            Session session = sluice.session(system.get());
            return session.say(text);
        }
        return sluice.chat(text);
    }

    private static String stdin() throws IOException {
        try {
            return StandardCharsets.UTF_8.newDecoder()
                    .decode(ByteBuffer.wrap(System.in.readAllBytes())).toString();
        } catch (CharacterCodingException e) {
            throw new CommandFailedException("stdin is not UTF-8 text");
        }
    }
}
