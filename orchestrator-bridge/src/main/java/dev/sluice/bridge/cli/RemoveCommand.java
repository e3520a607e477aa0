package dev.sluice.bridge.cli;

import dev.sluice.bridge.store.ModelStore;
import dev.sluice.bridge.store.StoredModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `sluice rm`: removes a model from the store, and nothing that lies elsewhere.
@Command(name = "rm", description = "Remove a model from the store, finished or not.")
final class RemoveCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "The model's name, as 'list' shows it.")
    private String name;

    @Option(names = {"-y", "--yes"}, description = "Do not ask.")
    private boolean yes;

    @Override
    public Integer call() throws IOException {
        ModelStore store = ModelChoice.store();
        StoredModel model = store.required(name);
        PrintWriter err = spec.commandLine().getErr();
        if (!yes) {
            err.print("remove %s, %s in %s? [y/N] ".formatted(
                    model.name(), ByteSize.text(model.doneBytes()), model.path()));
            err.flush();
            if (!answer().matches("(?i)y(es)?")) {
                throw new CommandFailedException("nothing was removed");
            }
        }
        store.remove(model);
        err.println("removed " + model.name());
        return 0;
    }

    private static String answer() throws IOException {
        String line = new BufferedReader(
                new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        return line == null ? "" : line.strip();
    }
}
