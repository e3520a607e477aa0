package dev.sluice.bridge.mcp;

import dev.sluice.bridge.host.ModelHost;
import io.modelcontextprotocol.server.McpSyncServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;

/// An MCP server for the one client that has started this process.
public final class McpProcess {
    private McpProcess() { }

    /// Answers until the client closes `in`.
    ///
    /// @param out for the protocol and nothing else
    public static void serve(ModelHost host, InputStream in, OutputStream out,
            PrintWriter log) throws IOException {
        var transport = new StdioTransport(in, out, log);
        McpSyncServer server = ToolServer.over(transport, host, ToolServer.version());
        transport.serve();
        server.close();
    }
}
