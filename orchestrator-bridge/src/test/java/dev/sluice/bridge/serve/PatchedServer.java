package dev.sluice.bridge.serve;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.http.HttpServer;
import dev.sluice.bridge.llama.SlotFolder;
import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.DType;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.EngineOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A server on a free port with a model file of the test's choice, and a client for it.
final class PatchedServer implements AutoCloseable {
    static final int CONTEXT = 2048;

    private final ModelHost host;
    private final HttpServer server;
    private final HttpClient client = HttpClient.newHttpClient();

    PatchedServer(Path model, ApiKeys keys) throws IOException {
        this(model, keys, SlotFolder.NONE);
    }

    PatchedServer(Path model, ApiKeys keys, SlotFolder slots) throws IOException {
        host = new ModelHost(Map.of("tiny", opener(model)), Long.MAX_VALUE);
        server = HttpServer.start(HttpOptions.defaults(), new ApiServer(host, keys, slots));
    }

    private static ModelHost.Opener opener(Path model) {
        return new ModelHost.Opener() {
            @Override
            public HostedModel open() {
                var options = new LoadOptions(DType.F32, CONTEXT, 4, 64);
                Kernels kernels = Kernels.open("vector", BackendOptions.defaults());
                LoadedModel loaded = LoadedModel.open(model, kernels, options, _ -> { });
                return new HostedModel("tiny", loaded,
                        EngineOptions.defaults().withParallel(4)
                                .withModelId(loaded, kernels.backendName()), Clock.systemUTC());
            }

            @Override
            public long bytes() { return 1 << 20; }
        };
    }

    int port() { return server.port(); }

    ModelHost host() { return host; }

    HostedModel model() { return host.list().getFirst().model().orElseThrow(); }

    record Reply(int status, String body, HttpResponse<String> response) {
        Map<?, ?> json() { return (Map<?, ?>) Json.parse(body); }

        Map<?, ?> error() { return (Map<?, ?>) json().get("error"); }

        /// The values of a stream's `data:` lines.
        List<Map<?, ?>> events() {
            var events = new ArrayList<Map<?, ?>>();
            for (String line : body.split("\n")) {
                if (line.startsWith("data: ")) {
                    events.add((Map<?, ?>) Json.parse(line.substring(6)));
                }
            }
            return events;
        }
    }

    Reply post(String path, String json, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path))
                .POST(HttpRequest.BodyPublishers.ofString(json));
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    Reply get(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(uri(path)).GET());
    }

    private Reply send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> response = client.send(
                request.build(), HttpResponse.BodyHandlers.ofString());
        return new Reply(response.statusCode(), response.body(), response);
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port() + path);
    }

    @Override
    public void close() {
        server.close();
        host.close();
        client.close();
    }
}
