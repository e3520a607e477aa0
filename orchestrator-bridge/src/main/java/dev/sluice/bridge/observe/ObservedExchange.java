package dev.sluice.bridge.observe;

import dev.sluice.bridge.http.Exchange;
import java.util.Optional;

/// An exchange that tells its request when the client leaves. As the exchange itself, for one
/// thread.
final class ObservedExchange implements Exchange {
    private final Exchange exchange;
    private final ObservedRequest request;

    ObservedExchange(Exchange exchange, ObservedRequest request) {
        this.exchange = exchange;
        this.request = request;
        exchange.onGone(request::gone);
    }

    @Override
    public String method() { return exchange.method(); }

    @Override
    public String path() { return exchange.path(); }

    @Override
    public Optional<String> query(String name) { return exchange.query(name); }

    @Override
    public Optional<String> header(String name) { return exchange.header(name); }

    @Override
    public byte[] body() { return exchange.body(); }

    @Override
    public void onGone(Runnable action) {
        exchange.onGone(() -> {
            request.gone();
            action.run();
        });
    }

    @Override
    public void responseHeader(String name, String value) {
        exchange.responseHeader(name, value);
    }

    @Override
    public void respond(int status, String contentType, byte[] body) {
        exchange.respond(status, contentType, body);
    }

    @Override
    public BodyStream stream(String contentType) { return exchange.stream(contentType); }

    @Override
    public int status() { return exchange.status(); }
}
