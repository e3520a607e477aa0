package dev.sluice.bridge.cli;

import dev.sluice.models.ModelTexts;
import dev.sluice.models.chat.ChatTemplate;
import dev.sluice.models.chat.TemplateException;
import dev.sluice.models.chat.TemplateRefusedException;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.TemplateFormatter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `sluice template`: a chat template's text for each conversation of a file. One object a line
/// comes in, its fields the template's variables; one comes out: `text`, or `refused` with the
/// template's reason or the engine's.
@Command(name = "template",
        description = "Render a chat template over conversations.")
final class TemplateCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @ArgGroup(exclusive = true, multiplicity = "1")
    private Source source;

    private static final class Source {
        @Option(names = {"-m", "--model"}, paramLabel = "MODEL",
                description = "Take the template, BOS and EOS of a model.")
        private Path model;

        @Option(names = "--file", paramLabel = "T.jinja", description = "Take a template file.")
        private Path file;
    }

    @Option(names = "--jsonl", required = true, paramLabel = "F",
            description = "Conversations, one object a line: messages, tools, and any other "
                    + "variable of the template; \"now\" fixes its clock (2026-11-20T12:00).")
    private Path conversations;

    private record Loaded(ChatTemplate template, Map<String, Object> variables) {}

    @Override
    public Integer call() throws IOException {
        Loaded loaded = source.file != null
                ? new Loaded(ChatTemplate.parse(TextFiles.read(source.file)),
                        Map.of("add_generation_prompt", true))
                : ofModel(source.model);
        PrintWriter out = spec.commandLine().getOut();
        JsonLines.forEach(conversations, (value, line) -> {
            String where = conversations + ", line " + line;
            if (!(value instanceof Map<?, ?> fields)) {
                throw new CommandFailedException(where + ": not a JSON object");
            }
            out.println(Json.write(rendered(loaded, fields, where)));
        });
        return 0;
    }

    private static Loaded ofModel(Path model) {
        try (TensorFile file = ModelPath.open(model)) {
            ModelTexts texts = ModelTexts.of(file);
            if (texts.chatTemplate().isEmpty()) {
                throw new CommandFailedException(model + " has no chat template");
            }
            return new Loaded(ChatTemplate.parse(texts.chatTemplate()),
                    TemplateFormatter.variables(texts.tokenizer()));
        }
    }

    private static Map<String, Object> rendered(Loaded loaded, Map<?, ?> fields, String where) {
        var variables = new HashMap<>(loaded.variables());
        Clock clock = Clock.systemDefaultZone();
        for (Map.Entry<?, ?> field : fields.entrySet()) {
            if (field.getKey().equals("now")) {
                clock = fixed(field.getValue(), where);
            } else {
                variables.put((String) field.getKey(), field.getValue());
            }
        }
        try {
            return Map.of("text", loaded.template().render(variables, clock));
        } catch (TemplateRefusedException | TemplateException e) {
            return Map.of("refused", String.valueOf(e.getMessage()));
        }
    }

    private static Clock fixed(Object now, String where) {
        try {
            String text = String.valueOf(now).strip().replace(' ', 'T');
            String full = text.contains("T") ? text : text + "T00:00";
            return Clock.fixed(
                    LocalDateTime.parse(full).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
        } catch (DateTimeParseException e) {
            throw new CommandFailedException(
                    "%s: \"now\" is not a time such as 2026-11-20T12:00: %s".formatted(where, now));
        }
    }
}
