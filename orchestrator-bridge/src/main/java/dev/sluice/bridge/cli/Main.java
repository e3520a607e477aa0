package dev.sluice.bridge.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/// The `sluice` command: the only wiring, and the only reader of properties that the launcher
/// sets. Exit status: 0 done, 1 failed with a one-line reason on stderr, 2 wrong usage.
@Command(
        name = "sluice",
        description = "Runs open-weight language models on this machine.",
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {RunCommand.class, ChatCommand.class, ServeCommand.class,
                BenchCommand.class, TokenizeCommand.class, TemplateCommand.class,
                LogitsCommand.class, PerplexityCommand.class, ExpertsCommand.class,
                InspectCommand.class, ExportCommand.class, DoctorCommand.class,
                PullCommand.class, ListCommand.class, RemoveCommand.class, McpCommand.class},
        footer = {"", "'sluice COMMAND --help' tells more about a command."})
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

    @Option(names = {"-h", "--help"}, usageHelp = true, scope = ScopeType.INHERIT,
            description = "Print this help and exit.")
    private boolean help;

    @Option(names = {"-V", "--version"}, versionHelp = true,
            description = "Print the version and exit.")
    private boolean version;

    @Option(names = "--verbose", scope = ScopeType.INHERIT,
            description = "Print the stack trace of a failure.")
    private boolean verbose;

    private final Interruption interruption;

    Main(Interruption interruption) {
        this.interruption = interruption;
    }

    boolean verbose() { return verbose; }

    /// The variables of the process, which nothing else reads.
    Map<String, String> environment() { return System.getenv(); }

    /// What a command tells about stopping early.
    Interruption interruption() { return interruption; }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no command given");
    }

    /// Runs one command line and returns its exit status. Nothing is written but to `out` and
    /// `err`, and the JVM goes on: tests call this.
    static int execute(
            PrintWriter out, PrintWriter err, Interruption interruption, String... args) {
        var main = new Main(interruption);
        var reasons = new FailureReport(main::verbose);
        CommandLine line = new CommandLine(main)
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExpandAtFiles(false)
                .setUsageHelpWidth(100)
                .setParameterExceptionHandler(reasons::wrongUsage)
                .setExecutionExceptionHandler(reasons::failed);
        int status;
        try {
            status = line.execute(args);
        } catch (OutOfMemoryError | StackOverflowError | LinkageError | AssertionError e) {
            status = reasons.broken(e, err);
        }
        out.flush();
        err.flush();
        return status;
    }

    public static void main(String[] args) {
        String descriptor = System.getProperty("sluice.stderr", "");
        if (!descriptor.isEmpty()) {
            StandardError.restore(Integer.parseInt(descriptor));
        }
        // The MCP SDK logs by SLF4J, for which we bring no logger; nobody need hear of that.
        System.setProperty("slf4j.internal.verbosity", "ERROR");
        var out = new PrintWriter(
                new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        var err = new PrintWriter(
                new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        var interruption = new Interruption();
        Runtime.getRuntime().addShutdownHook(interruption.hook(err));
        int status = execute(out, err, interruption, args);
        if (out.checkError() && status == 0) {
            err.println("sluice: stdout was closed before everything was written");
            status = 1;
        }
        interruption.ended();
        System.exit(status);
    }
}
