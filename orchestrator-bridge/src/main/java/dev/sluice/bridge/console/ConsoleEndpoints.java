package dev.sluice.bridge.console;

import dev.sluice.bridge.api.ApiException;
import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Endpoints;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.observe.ObservedRequest;
import dev.sluice.bridge.observe.Telemetry;
import dev.sluice.bridge.openai.OpenAiErrors;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;

/// The console at `/`: one page of our own files, without a build step and without anything from
/// elsewhere, and the figures that it draws. The files hold nothing that is secret, so they need
/// no key; the figures do. Immutable.
public final class ConsoleEndpoints implements Endpoints {
    private static final String HTML = "text/html; charset=utf-8";
    private static final String SCRIPT = "text/javascript; charset=utf-8";
    /// Only our own files run and only our own server is asked; whatever a model writes, it is
    /// text. Nobody may frame the page.
    private static final String POLICY = "default-src 'none'; script-src 'self'; "
            + "style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
            + "form-action 'none'; frame-ancestors 'none'";
    private static final String STATE = "GET /console/state";

    private final ConsoleState state;

    public ConsoleEndpoints(Telemetry telemetry, long memoryMax) {
        state = new ConsoleState(telemetry, memoryMax);
    }

    @Override
    public Map<String, Handler> routes() {
        var routes = new LinkedHashMap<String, Handler>();
        routes.put("GET /", file("index.html", HTML));
        routes.put("GET /console/style.css", file("style.css", "text/css; charset=utf-8"));
        for (String script : new String[] {"app.js", "chat.js", "charts.js",
            "format.js", "models.js", "server.js"}) {
            routes.put("GET /console/" + script, file(script, SCRIPT));
        }
        routes.put(STATE, this::state);
        return routes;
    }

    @Override
    public boolean isOpen(String route) { return !route.equals(STATE); }

    private static Handler file(String name, String type) {
        byte[] bytes = read(name);
        return call -> {
            call.exchange().responseHeader("Content-Security-Policy", POLICY);
            call.exchange().responseHeader("X-Content-Type-Options", "nosniff");
            call.exchange().responseHeader("Referrer-Policy", "no-referrer");
            call.exchange().responseHeader("Cache-Control", "no-cache");
            call.exchange().respond(200, type, bytes);
        };
    }

    private static byte[] read(String name) {
        try (InputStream in = ConsoleEndpoints.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the console's file " + name + " is missing");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void state(Call call) {
        ObservedRequest.current().ifPresent(ObservedRequest::quiet);
        call.exchange().responseHeader("Cache-Control", "no-store");
        JsonReply.send(call.exchange(), 200, state.now());
    }

    @Override
    public Map<String, Object> error(ApiException error) {
        return OpenAiErrors.body(error);
    }
}
