package dev.sluice.bridge.serve;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.http.HttpServer;
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
import java.util.Map;
import java.util.Optional;

/// A server on a free port with a tiny random model, and a client for it.
final class RunningServer implements AutoCloseable {
    static final Path MODEL =
            Path.of("../models/core/src/test/resources/goldens/llama/model-f32.gguf");

    private final ModelHost host;
    private final HttpServer server;
    private final HttpClient client = HttpClient.newHttpClient();

    RunningServer(HttpOptions options, ApiKeys keys) throws IOException {
        this(options, keys, MODEL);
    }

    RunningServer(HttpOptions options, ApiKeys keys, Path model) throws IOException {
        host = new ModelHost(Map.of("tiny", new Tiny(model)), Long.MAX_VALUE);
        server = HttpServer.start(options, new ApiServer(host, keys));
    }

    static RunningServer start() throws IOException {
        return new RunningServer(HttpOptions.defaults(), ApiKeys.OPEN);
    }

    static RunningServer start(Path model) throws IOException {
        return new RunningServer(HttpOptions.defaults(), ApiKeys.OPEN, model);
    }

    private record Tiny(Path path) implements ModelHost.Opener {
        @Override
        public HostedModel open() {
            var options = new LoadOptions(DType.F32, 256, 8, 64);
            LoadedModel model = LoadedModel.open(path,
                    Kernels.open("vector", BackendOptions.defaults()), options, _ -> { });
            return new HostedModel("tiny", model, EngineOptions.defaults().withParallel(8),
                    Clock.systemUTC());
        }

        @Override
        public long bytes() { return 1 << 20; }
    }

    int port() { return server.port(); }

    HttpServer server() { return server; }

    HostedModel model() {
        return host.list().getFirst().model().orElseThrow();
    }

    record Reply(int status, String body, Optional<String> retryAfter) {
        Map<?, ?> json() { return (Map<?, ?>) Json.parse(body); }

        Map<?, ?> error() { return (Map<?, ?>) json().get("error"); }
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
        return new Reply(response.statusCode(), response.body(),
                response.headers().firstValue("retry-after"));
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
