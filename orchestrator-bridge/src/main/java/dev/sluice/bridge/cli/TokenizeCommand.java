package dev.sluice.bridge.cli;

import dev.sluice.models.ModelTexts;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import dev.sluice.models.json.Json;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.models.tokenizer.Tokenizer.Special;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `sluice tokenize`: text to token ids. Reads the vocabulary only.
@Command(name = "tokenize", description = "Print the token ids of a text.")
final class TokenizeCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelChoice model;

    @Option(names = "--special",
            description =
                    "Parse control tokens in the text, and add BOS and EOS as the model asks.")
    private boolean special;

    @Option(names = "--json", description = "Print one array of ids.")
    private boolean json;

    @ArgGroup(exclusive = true, multiplicity = "1")
    private Input input;

    private static final class Input {
        @Parameters(paramLabel = "TEXT", description = "The text.")
        private String text;

        @Option(names = "--file", paramLabel = "F", description = "A file with the text, UTF-8.")
        private Path file;

        @Option(names = "--jsonl", paramLabel = "F",
                description = "A file with one JSON string a line; prints one array a line.")
        private Path jsonl;
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        try (TensorFile file = ModelPath.open(model.path())) {
            Tokenizer tokenizer = ModelTexts.of(file).tokenizer();
            if (input.jsonl != null) {
                JsonLines.forEach(input.jsonl, (value, line) -> {
                    if (!(value instanceof String text)) {
                        throw new CommandFailedException(
                                "%s, line %d: not a JSON string".formatted(input.jsonl, line));
                    }
                    out.println(Json.write(ids(tokenizer, text)));
                });
                return 0;
            }
            int[] ids = ids(tokenizer,
                    input.file != null ? TextFiles.read(input.file) : input.text);
            if (json) {
                out.println(Json.write(ids));
            } else {
                for (int id : ids) {
                    out.println("%7d  %s".formatted(id, Json.write(tokenizer.name(id))));
                }
            }
        }
        return 0;
    }

    private int[] ids(Tokenizer tokenizer, String text) {
        return special ? tokenizer.withBosAndEos(tokenizer.encode(text, Special.PARSE))
                : tokenizer.encode(text, Special.AS_TEXT);
    }
}
