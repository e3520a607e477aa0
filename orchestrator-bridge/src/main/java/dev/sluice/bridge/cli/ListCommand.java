package dev.sluice.bridge.cli;

import dev.sluice.bridge.host.ModelFacts;
import dev.sluice.bridge.store.StoredModel;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import dev.sluice.models.file.ModelPath;
import dev.sluice.models.file.TensorFile;
import java.io.PrintWriter;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `sluice list`: what is in the store.
@Command(name = "list", description = "List the models of the store.")
final class ListCommand implements Callable<Integer> {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT);

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        List<StoredModel> models = ModelChoice.store().list();
        if (models.isEmpty()) {
            spec.commandLine().getErr().println(
                    "the store is empty; './sluice pull OWNER/NAME' brings a model");
            return 0;
        }
        int width = "NAME".length();
        for (StoredModel model : models) {
            width = Math.max(width, model.name().length());
        }
        String row = "%-" + width + "s  %10s  %-8s  %-14s  %s";
        out.println(row.formatted("NAME", "SIZE", "ENCODING", "ARCHITECTURE", "DATE"));
        for (StoredModel model : models) {
            String date = DATE.format(model.date().atZone(ZoneId.systemDefault()));
            Kind kind = kind(model);
            out.println(row.formatted(model.name(), ByteSize.text(model.bytes()),
                    kind.encoding(), kind.architecture(), date + state(model)));
        }
        return 0;
    }

    private record Kind(String encoding, String architecture) { }

    private static String state(StoredModel model) {
        return model.isComplete() ? "" : "  unfinished: %s of %s, %d%%".formatted(
                ByteSize.text(model.doneBytes()), ByteSize.text(model.bytes()),
                100 * model.doneBytes() / Math.max(1, model.bytes()));
    }

    private static Kind kind(StoredModel model) {
        if (!model.isComplete()) {
            return new Kind("-", "-");
        }
        try (TensorFile file = ModelPath.open(model.path())) {
            return new Kind(ModelFacts.encoding(file), ModelFacts.architecture(file));
        } catch (MalformedModelException | UnsupportedModelException e) {
            return new Kind("?", "not readable");
        }
    }
}
