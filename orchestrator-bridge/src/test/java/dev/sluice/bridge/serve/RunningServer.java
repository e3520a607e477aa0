package dev.sluice.bridge.serve;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.HostedModel;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.http.HttpServer;
import dev.sluice.bridge.llama.SlotFolder;
import dev.sluice.bridge.observe.RequestLog;
import dev.sluice.bridge.observe.Telemetry;
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
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;

/// A server on a free port with a tiny random model, and a client for it.
public final class RunningServer implements AutoCloseable {
    static final Path MODEL =
            Path.of("../models/core/src/test/resources/goldens/llama/model-f32.gguf");

    private final ModelHost host;
    private final HttpServer server;
    private final HttpClient client = HttpClient.newHttpClient();

    public RunningServer(HttpOptions options, ApiKeys keys) throws IOException {
        this(options, keys, RequestLog.OFF, new Tiny(MODEL));
    }

    /// A server of one model, which is named `tiny`.
    public RunningServer(HttpOptions options, ApiKeys keys, ModelHost.Opener model)
            throws IOException {
        this(options, keys, RequestLog.OFF, model);
    }

    RunningServer(HttpOptions options, ApiKeys keys, RequestLog log, Path model)
            throws IOException {
        this(options, keys, log, new Tiny(model));
    }

    /// A server of several models, by name.
    public RunningServer(HttpOptions options, ApiKeys keys, Map<String, ModelHost.Opener> models)
            throws IOException {
        this(options, keys, RequestLog.OFF, models);
    }

    private RunningServer(HttpOptions options, ApiKeys keys, RequestLog log,
            ModelHost.Opener model) throws IOException {
        this(options, keys, log, Map.of("tiny", model));
    }

    private RunningServer(HttpOptions options, ApiKeys keys, RequestLog log,
            Map<String, ModelHost.Opener> models) throws IOException {
        host = new ModelHost(models, Long.MAX_VALUE);
        server = HttpServer.start(options,
                new ApiServer(host, keys, SlotFolder.NONE, new Telemetry(host, log)));
    }

    public static RunningServer start() throws IOException {
        return new RunningServer(HttpOptions.defaults(), ApiKeys.OPEN);
    }

    /// A server of the model at that path.
    static RunningServer start(Path model) throws IOException {
        return new RunningServer(HttpOptions.defaults(), ApiKeys.OPEN, RequestLog.OFF, model);
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

    public int port() { return server.port(); }

    public HttpServer server() { return server; }

    public HostedModel model() {
        return host.list().getFirst().model().orElseThrow();
    }

    public record Reply(int status, String body, HttpHeaders headers) {
        public Optional<String> retryAfter() { return headers.firstValue("retry-after"); }

        public Map<?, ?> json() { return (Map<?, ?>) Json.parse(body); }

        public Map<?, ?> error() { return (Map<?, ?>) json().get("error"); }
    }

    public Reply post(String path, String json, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path))
                .POST(HttpRequest.BodyPublishers.ofString(json));
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    public Reply get(String path, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).GET();
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    public Reply delete(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(uri(path)).DELETE());
    }

    private Reply send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> response = client.send(
                request.build(), HttpResponse.BodyHandlers.ofString());
        return new Reply(response.statusCode(), response.body(), response.headers());
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
