package dev.sluice.bridge.cli;

import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.mcp.McpProcess;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `sluice mcp`: an MCP server on stdin and stdout, for a host that starts it. Nothing but the
/// protocol goes to stdout.
@Command(name = "mcp", description = "Serve models to an MCP host over stdin and stdout. "
        + "'serve' does the same over HTTP at /mcp.")
final class McpCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ServedModels models;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        try (ModelHost host = models.host(spec, err);
                var out = new FileOutputStream(FileDescriptor.out)) {
            err.flush();
            McpProcess.serve(host, System.in, out, err);
        }
        return 0;
    }
}
