package dev.sluice.bridge.store;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;

/// Requests to the hub and to where it sends us. Redirects are followed here and not by the HTTP
/// client, because the token must not reach another host. One thread.
final class HubConnection implements AutoCloseable {
    private static final int REDIRECTS_MAX = 8;
    private static final Duration CONNECT = Duration.ofSeconds(20);

    private final HubAccess access;
    private final Patience patience;
    private final HttpClient client;

    HubConnection(HubAccess access, Patience patience) {
        this.access = access;
        this.patience = patience;
        HttpClient.Builder builder = HttpClient.newBuilder()
                // One large body at a time: HTTP/2 has only its flow control to add.
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT)
                .proxy(access.proxy());
        access.proxy().authenticator().ifPresent(builder::authenticator);
        client = builder.build();
    }

    /// A response with status 200, 206 or 416.
    ///
    /// @param redirected whether it comes from another host than the hub
    record Reply(HttpResponse<InputStream> response, boolean redirected) {
        int status() { return response.statusCode(); }

        Optional<String> header(String name) { return response.headers().firstValue(name); }

        long contentLength() { return response.headers().firstValueAsLong("content-length")
                .orElse(-1); }
    }

    Duration stall() { return patience.stall(); }

    URI resolve(String path) { return URI.create(access.endpoint() + path); }

    /// @param subject what is asked for, for messages
    /// @throws TransientFailureException if it may work later
    /// @throws PullException             if it will not
    Reply get(URI uri, Map<String, String> headers, String subject) throws IOException {
        URI next = uri;
        for (int i = 0; i <= REDIRECTS_MAX; i++) {
            HttpResponse<InputStream> response = send(next, headers);
            if (response.statusCode() < 300 || response.statusCode() >= 400) {
                boolean redirected = !sameOrigin(next);
                return accepted(new Reply(response, redirected), subject);
            }
            response.body().close();
            next = redirect(next, response, subject);
        }
        throw new PullException(subject + ": redirected more than " + REDIRECTS_MAX + " times");
    }

    private static URI redirect(URI from, HttpResponse<?> response, String subject) {
        String location = response.headers().firstValue("location").orElse("");
        URI to;
        try {
            to = from.resolve(URI.create(location));
        } catch (IllegalArgumentException e) {
            throw new PullException(subject + ": redirected to what is no address");
        }
        boolean web = "https".equals(to.getScheme())
                || "http".equals(to.getScheme()) && "http".equals(from.getScheme());
        if (location.isEmpty() || !web || to.getHost() == null) {
            throw new PullException("%s: redirected to '%s', which is refused".formatted(
                    subject, SafePath.printable(location)));
        }
        return to;
    }

    private HttpResponse<InputStream> send(URI uri, Map<String, String> headers)
            throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .timeout(CONNECT.plus(patience.stall()))
                .header("User-Agent", "sluice");
        headers.forEach(request::header);
        if (sameOrigin(uri)) {
            access.token().ifPresent(token ->
                    request.header("Authorization", "Bearer " + token));
        }
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PullException("interrupted");
        }
    }

    private boolean sameOrigin(URI uri) {
        URI hub = access.endpoint();
        return hub.getScheme().equals(uri.getScheme()) && port(hub) == port(uri)
                && hub.getHost().equalsIgnoreCase(uri.getHost());
    }

    private static int port(URI uri) {
        int standard = "https".equals(uri.getScheme()) ? 443 : 80;
        return uri.getPort() < 0 ? standard : uri.getPort();
    }

    private Reply accepted(Reply reply, String subject) throws IOException {
        int status = reply.status();
        if (status == 200 || status == 206 || status == 416) {
            return reply;
        }
        reply.response().body().close();
        // What signs its addresses refuses them when they are old: the hub gives a new one.
        boolean expired = reply.redirected() && (status == 401 || status == 403);
        if (status == 408 || status == 425 || status == 429 || status >= 500 || expired) {
            throw new TransientFailureException("the server answers with status " + status,
                    retryAfter(reply));
        }
        throw new PullException(refusal(status, reply.header("x-error-code").orElse(""),
                subject));
    }

    private String refusal(int status, String code, String subject) {
        String repository = subject.replaceFirst("[: ].*", "");
        return switch (status) {
            case 401 -> access.token().isPresent()
                    ? subject + ": the hub does not accept the token of HF_TOKEN"
                    : ("%s: private, gated, or not there: the hub wants to know who asks; "
                    + "set HF_TOKEN to a token of %s/settings/tokens").formatted(
                            subject, access.endpoint());
            case 403 -> ("%s: access is restricted%s: accept its terms at %s/%s in a browser, "
                    + "and set HF_TOKEN to a token of that account").formatted(subject,
                            code.equals("GatedRepo") ? " (gated)" : "",
                            access.endpoint(), repository);
            case 404 -> subject + switch (code) {
                case "RevisionNotFound" -> ": no such revision";
                case "EntryNotFound" -> ": no such file";
                default -> ": not there";
            };
            default -> "%s: the server answers with status %d".formatted(subject, status);
        };
    }

    /// Seconds, or a date.
    private static Optional<Duration> retryAfter(Reply reply) {
        String text = reply.header("retry-after").orElse("").strip();
        if (text.matches("[0-9]{1,9}")) {
            return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
        }
        try {
            Instant until = ZonedDateTime.parse(
                    text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
            Duration wait = Duration.between(Instant.now(), until);
            return Optional.of(wait.isNegative() ? Duration.ZERO : wait);
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
