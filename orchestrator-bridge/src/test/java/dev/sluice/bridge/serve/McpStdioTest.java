package dev.sluice.bridge.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.bridge.cli.Main;
import dev.sluice.models.json.Json;
import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.ServerParameters;
import io.modelcontextprotocol.client.transport.StdioClientTransport;
import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapperSupplier;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator.ValidationResponse;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.Writer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// Goal: `sluice mcp` as a host starts it. Method: real processes; one talks with the official
/// SDK's client, the other with bare lines, so that every byte of its stdout is seen.
class McpStdioTest {
    private static List<String> command() {
        return List.of("-Xmx512m", "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp", System.getProperty("java.class.path"), Main.class.getName(), "mcp",
                "-m", "tiny=" + RunningServer.MODEL, "--threads", "1");
    }

    private static String java() {
        return System.getProperty("java.home") + File.separator + "bin" + File.separator + "java";
    }

    @Test
    void theSdksClientIsAnswered() throws InterruptedException {
        var progress = new CopyOnWriteArrayList<ProgressNotification>();
        var transport = new StdioClientTransport(
                ServerParameters.builder(java()).args(command()).build(),
                new JacksonMcpJsonMapperSupplier().get());
        transport.setStdErrorHandler(_ -> { });
        try (McpSyncClient client = McpClient.sync(transport)
                .requestTimeout(Duration.ofSeconds(90))
                .initializationTimeout(Duration.ofSeconds(90))
                .jsonSchemaValidator((_, _) -> ValidationResponse.asValid(""))
                .progressConsumer(progress::add).build()) {
            assertEquals("sluice", client.initialize().serverInfo().name());
            assertEquals(11, client.listTools().tools().size());
            CallToolResult result = client.callTool(CallToolRequest.builder("complete")
                    .arguments(Map.of("prompt", "a", "max_tokens", 16, "ignore_eos", true))
                    .progressToken("t").build());
            String text = ((TextContent) result.content().getFirst()).text();
            assertFalse(result.isError(), text);
            for (int i = 0; i < 1000 && progress.size() < 2; i++) {
                Thread.sleep(5);
            }
            assertEquals(List.of(8.0, 16.0),
                    progress.stream().map(ProgressNotification::progress).sorted().toList());
        }
    }

    @Test
    void stdoutHasTheProtocolOnlyAndACancelledCallIsSilent() throws Exception {
        var line = new ArrayList<String>();
        line.add(java());
        line.addAll(command());
        Process process = new ProcessBuilder(line)
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        Writer in = process.outputWriter();
        try (BufferedReader out = process.inputReader()) {
            send(in, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
                    + "\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":"
                    + "{\"name\":\"t\",\"version\":\"1\"}}}");
            assertEquals(1L, ((Map<?, ?>) Json.parse(out.readLine())).get("id"));
            send(in, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
            send(in, "this is no message");
            for (int id = 2; id < 12; id++) {
                send(in, "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"tools/call\","
                        + "\"params\":{\"name\":\"complete\",\"arguments\":{\"prompt\":\"a\","
                        + "\"max_tokens\":230,\"ignore_eos\":true}}}");
                send(in, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
                        + "\"params\":{\"requestId\":" + id + "}}");
            }
            send(in, "{\"jsonrpc\":\"2.0\",\"id\":99,\"method\":\"tools/call\",\"params\":"
                    + "{\"name\":\"list_models\",\"arguments\":{}}}");
            assertEquals(99L, ((Map<?, ?>) Json.parse(out.readLine())).get("id"));
            in.close();
            assertTrue(process.waitFor(30, TimeUnit.SECONDS), "it ends when its stdin does");
            assertEquals(null, out.readLine());
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertEquals(0, process.exitValue());
    }

    private static void send(Writer in, String message) throws IOException {
        in.write(message + "\n");
        in.flush();
    }
}
