package dev.sluice.bridge.cli;

import dev.sluice.bridge.api.ApiKeys;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.http.HttpOptions;
import dev.sluice.bridge.http.HttpServer;
import dev.sluice.bridge.llama.SlotFolder;
import dev.sluice.bridge.observe.LogFormat;
import dev.sluice.bridge.observe.RequestLog;
import dev.sluice.bridge.observe.Telemetry;
import dev.sluice.bridge.serve.ApiServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `sluice serve`: an HTTP server that speaks OpenAI's protocol, until it is told to stop.
@Command(name = "serve", description = "Serve models over HTTP, by OpenAI's protocol.")
final class ServeCommand implements Callable<Integer> {
    private static final Duration DRAIN = Duration.ofSeconds(30);

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Main main;

    @Mixin
    private ServedModels models;

    @Option(names = "--host", paramLabel = "H", defaultValue = "127.0.0.1",
            description = "Address to listen on (default: ${DEFAULT-VALUE}).")
    private String address;

    @Option(names = "--port", paramLabel = "P", defaultValue = "8080",
            description = "Port, 0 for any free one (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(names = "--api-key-file", paramLabel = "F",
            description = "Keys that may call, one a line.")
    private Optional<Path> keyFile;

    @Option(names = "--cors-origin", paramLabel = "ORIGIN",
            description = "Origin that a browser may call from; * for any.")
    private List<String> origins = List.of();

    @Option(names = "--tls-certificate", paramLabel = "PEM",
            description = "Certificate chain; the server then speaks HTTPS.")
    private Optional<Path> certificate;

    @Option(names = "--tls-key", paramLabel = "PEM", description = "The certificate's key.")
    private Optional<Path> key;

    @Option(names = "--slot-save-path", paramLabel = "FOLDER",
            description = "Folder that slots may be saved to and restored from.")
    private Optional<Path> slotFolder;

    @Option(names = "--log-format", paramLabel = "FORMAT", defaultValue = "text",
            description = "The line that each request leaves on stderr: text, json or off "
                    + "(default: ${DEFAULT-VALUE}).")
    private LogFormat logFormat;

    @Option(names = "--log-prompts",
            description = "Log what clients wrote, too; without it no line has a word of theirs.")
    private boolean logPrompts;

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        if (certificate.isPresent() != key.isPresent()) {
            throw new ParameterException(spec.commandLine(),
                    "--tls-certificate and --tls-key go together");
        }
        ApiKeys keys = keyFile.isPresent() ? ApiKeys.read(keyFile.get()) : ApiKeys.OPEN;
        try (ModelHost host = models.host(spec, err)) {
            serve(host, keys, err);
        }
        return 0;
    }

    private void serve(ModelHost host, ApiKeys keys, PrintWriter err)
            throws IOException, InterruptedException {
        HttpOptions http = HttpOptions.defaults().withAddress(address, port)
                .withOrigins(origins);
        if (certificate.isPresent()) {
            http = http.withTls(new HttpOptions.Tls(certificate.get(), key.orElseThrow()));
        }
        SlotFolder slots = slotFolder.isPresent() ? SlotFolder.open(slotFolder.get())
                : SlotFolder.NONE;
        slots.discarded().forEach(file ->
                err.println("discarded a slot that was not saved to its end: " + file));
        var stop = new CountDownLatch(1);
        main.interruption().drainsBy(stop::countDown, DRAIN.plusSeconds(2));
        var telemetry = new Telemetry(host,
                new RequestLog(err, logFormat, logPrompts, Clock.systemUTC()));
        var api = new ApiServer(host, keys, slots, telemetry, origins);
        try (var server = HttpServer.start(http, api)) {
            // Who asks meanwhile waits, and /health says why.
            host.acquire("").close();
            err.printf("listening on %s://%s:%d%n",
                    certificate.isPresent() ? "https" : "http", address, server.port());
            err.flush();
            stop.await();
            err.println("stopping; " + server.active() + " requests are being answered");
            err.flush();
            boolean all = server.drain(DRAIN);
            err.println(all ? "stopped" : "stopped; some requests were cut off");
        }
    }
}
