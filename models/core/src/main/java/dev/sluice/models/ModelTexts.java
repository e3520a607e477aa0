package dev.sluice.models;

import dev.sluice.models.file.GgufFile;
import dev.sluice.models.file.ModelGraph;
import dev.sluice.models.file.SafetensorsFolder;
import dev.sluice.models.file.TensorFile;
import dev.sluice.models.tokenizer.GgufVocabulary;
import dev.sluice.models.tokenizer.JsonVocabulary;
import dev.sluice.models.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// The text side of a model: its tokenizer and the source of its chat template. Needs no weights.
/// Immutable, any thread.
///
/// @param chatTemplate  Jinja source; empty when the model has none
public record ModelTexts(Tokenizer tokenizer, String chatTemplate) {

    public static ModelTexts of(TensorFile file) {
        return switch (file) {
            case GgufFile gguf -> ofGguf(gguf);
            case SafetensorsFolder folder -> ofFolder(folder);
            case ModelGraph graph -> graph.texts();
        };
    }

    private static ModelTexts ofGguf(GgufFile file) {
        var source = new GgufVocabularySource(file.path(), file.metadata());
        return new ModelTexts(GgufVocabulary.read(source).tokenizer(),
                file.metadata().string("tokenizer.chat_template", ""));
    }

    private static ModelTexts ofFolder(SafetensorsFolder folder) {
        return new ModelTexts(JsonVocabulary.read(folder.path()).tokenizer(),
                template(folder.path(), folder.tokenizerConfig()));
    }

    /// Of a folder that may hold any kind of model: `tokenizer.json` and what lies beside it.
    public static ModelTexts inFolder(Path folder) {
        return new ModelTexts(JsonVocabulary.read(folder).tokenizer(),
                template(folder, SafetensorsFolder.tokenizerConfig(folder)));
    }

    /// `chat_template.jinja`, or the entry of `tokenizer_config.json`: one text, or named ones of
    /// which `default` is taken.
    private static String template(Path folder, Map<String, Object> tokenizerConfig) {
        Path path = folder.resolve("chat_template.jinja");
        if (Files.exists(path)) {
            try {
                return Files.readString(path);
            } catch (IOException e) {
                throw new MalformedModelException(path, "can not be read: " + e.getMessage());
            }
        }
        return switch (tokenizerConfig.get("chat_template")) {
            case String text -> text;
            case List<?> named -> named.stream()
                    .filter(t -> t instanceof Map<?, ?> m && "default".equals(m.get("name")))
                    .map(t -> String.valueOf(((Map<?, ?>) t).get("template")))
                    .findFirst().orElse("");
            case null, default -> "";
        };
    }
}
