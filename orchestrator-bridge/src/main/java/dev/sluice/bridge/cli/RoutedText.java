package dev.sluice.bridge.cli;

import dev.sluice.models.LoadedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/// Runs a text through a model for the sake of its expert statistics. The text's tokens are cut
/// into windows of the context's length; each is read from position 0.
final class RoutedText {
    private RoutedText() { }

    /// Runs the text of a file; the model's statistics are complete afterwards. One thread.
    ///
    /// @return how many tokens it has
    static int run(LoadedModel model, Path file) throws IOException {
        int[] tokens = model.texts().tokenizer().encodePrompt(TextFiles.read(file));
        if (tokens.length == 0) {
            throw new CommandFailedException(file + ": no tokens");
        }
        int window = Math.min(model.lm().contextLength(), tokens.length);
        try (var rows = new TokenRows(model.lm(), 1, window)) {
            for (int from = 0; from < tokens.length; from += window) {
                rows.readAll(Arrays.copyOfRange(
                        tokens, from, Math.min(tokens.length, from + window)),
                        (_, _, _) -> { });
            }
        }
        return tokens.length;
    }

    /// A dense model has nothing to show.
    static void requireExperts(LoadedModel model, Path path) {
        if (model.config().experts().experts() == 0) {
            throw new CommandFailedException(
                    path + ": a dense model, it has no experts to look at");
        }
    }
}
