package dev.sluice.bridge.mcp;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.models.json.Json;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapperSupplier;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator.ValidationResponse;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import io.modelcontextprotocol.spec.McpServerTransportProvider;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Sluice as an MCP server: the official SDK keeps the protocol, the tools are ours. The SDK runs
/// a tool on the thread that brings the request, and each request has a virtual thread.
final class ToolServer {
    private static final String INSTRUCTIONS = "Local language models. list_models tells which; "
            + "chat and complete ask one; classify and extract give answers of a certain form; "
            + "vote, best_of and sample_n ask several times.";

    private ToolServer() { }

    /// Of the jar's manifest.
    static String version() {
        return Optional.ofNullable(ToolServer.class.getPackage().getImplementationVersion())
                .orElse("unpackaged");
    }

    static McpJsonMapper json() { return new JacksonMcpJsonMapperSupplier().get(); }

    static McpSyncServer over(
            McpServerTransportProvider transport, ModelHost host, String version) {
        return prepared(McpServer.sync(transport), host, version).build();
    }

    static McpSyncServer over(
            McpStreamableServerTransportProvider transport, ModelHost host, String version) {
        return prepared(McpServer.sync(transport), host, version).build();
    }

    private static <S extends McpServer.SyncSpecification<S>> S prepared(
            S server, ModelHost host, String version) {
        server.serverInfo("sluice", version)
                .instructions(INSTRUCTIONS)
                .capabilities(ServerCapabilities.builder().tools(false).build())
                .jsonMapper(json())
                // Each tool checks its arguments itself and says what is wrong with which.
                .jsonSchemaValidator((_, _) -> ValidationResponse.asValid(""))
                .immediateExecution(true)
                .tools(tools(host));
        return server;
    }

    private static List<SyncToolSpecification> tools(ModelHost host) {
        var tools = new ArrayList<ModelTool>(new GenerationTools(host).all());
        tools.addAll(new VotingTools(host).all());
        tools.add(new EmbeddingTool(host).tool());
        var specifications = new ArrayList<SyncToolSpecification>();
        for (ModelTool tool : tools) {
            Tool shown = Tool.builder(tool.name(), tool.schema()).title(tool.title())
                    .description(tool.description()).build();
            specifications.add(new SyncToolSpecification(shown,
                    (exchange, request) -> result(tool, exchange, request)));
        }
        return specifications;
    }

    /// What goes wrong in a tool is a result that says so: the model that asked can read it.
    private static CallToolResult result(
            ModelTool tool, McpSyncServerExchange exchange, CallToolRequest request) {
        try {
            var call = new ToolCall(exchange, request);
            call.requireWanted();
            Map<String, Object> answer = tool.work().run(call);
            return CallToolResult.builder().addTextContent(Json.write(answer))
                    .structuredContent(answer).isError(false).build();
        } catch (ApiException e) {
            return CallToolResult.builder().addTextContent(e.getMessage()).isError(true).build();
        }
    }
}
