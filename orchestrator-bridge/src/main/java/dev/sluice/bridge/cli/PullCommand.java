package dev.sluice.bridge.cli;

import dev.sluice.bridge.store.HubAccess;
import dev.sluice.bridge.store.Patience;
import dev.sluice.bridge.store.Pull;
import dev.sluice.bridge.store.Reference;
import dev.sluice.bridge.store.StoredModel;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `sluice pull`: brings a model of the Hugging Face hub into the store.
@Command(name = "pull",
        description = "Download a model from the Hugging Face hub into the store. An interrupted "
                + "download goes on where it ended.",
        footer = {"", "Environment: HF_ENDPOINT, HF_TOKEN (or ~/.cache/huggingface/token), "
                + "HTTPS_PROXY, HTTP_PROXY, NO_PROXY."})
final class PullCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Main main;

    @Parameters(paramLabel = "REPO[:FILE]",
            description = "A repository as OWNER/NAME, and of several models in it the file or "
                    + "the quantisation, for example OWNER/NAME:Q4_K_M.")
    private String reference;

    @Option(names = "--revision", paramLabel = "REV", defaultValue = "main",
            description = "A branch, a tag or a commit (default: ${DEFAULT-VALUE}).")
    private String revision;

    @Override
    public Integer call() {
        Reference asked = Reference.of(reference);
        Path home = Path.of(System.getProperty("user.home"));
        HubAccess access = HubAccess.of(main.environment(), home);
        var bar = new ProgressBar(spec.commandLine().getErr(), isTerminal(), System::nanoTime);
        StoredModel model = new Pull(ModelChoice.store(), access, Patience.defaults(), bar)
                .run(asked, revision);
        spec.commandLine().getOut().println("%s  %s".formatted(model.name(), model.path()));
        return 0;
    }

    private static boolean isTerminal() {
        return System.console() != null && System.console().isTerminal();
    }
}
