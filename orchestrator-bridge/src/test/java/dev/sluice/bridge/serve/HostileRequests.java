package dev.sluice.bridge.serve;

import dev.sluice.bridge.serve.RawClient.Delivery;
import dev.sluice.models.json.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// Requests that mean harm, or are sent by a broken program; each follows from its seed alone.
final class HostileRequests {
    /// What a server may do.
    enum Expected {
        /// At least one response, and each says 4xx, or 503 with Retry-After.
        REFUSED,
        /// The same, but what it asks for may also be allowed: a long text is no crime.
        ANSWERED,
        /// The same, or none at all: the request has no end, or the client has left.
        NOTHING_WORSE
    }

    record Hostile(String kind, byte[] bytes, Delivery delivery, Expected expected) { }

    private static final List<String> METHODS = List.of("GET", "POST", "PUT", "DELETE", "PATCH",
            "OPTIONS", "HEAD", "TRACE", "CONNECT", "get", "BREW", "P", "M".repeat(5000));
    private static final List<String> PATHS = List.of("//", "/../../etc/passwd", "/%2e%2e/%2e%2e",
            "/%zz", "/%", "/%00", "/v1//models", "/v1/models/", "/v1/models/%ff%fe",
            "/v1/models/..%2f..", "/v1/models/%F0%9F%92%A5", "/v1/responses/'or'1'='1",
            "/console/..%2f..%2fapp.js", "/console/%5c..%5capp.js", "http://elsewhere/v1/models",
            "*", "", "v1/models", "/v1/models?model=%ff&x=%zz", "/slots?model=" + "a".repeat(3000),
            "/slots/-1?action=save", "/slots/99999999999?action=erase", "/slots/0?action=%00",
            "/" + "a".repeat(20_000), "/" + "a/".repeat(3000), "/v1/models/" + "%41".repeat(2000));
    private static final List<String> HEADERS = List.of("Authorization: Bearer ", "no colon here",
            ": empty name", "X-\u0001: control", "X: \u0000", " folded: line", "X-Api-Key:",
            "traceparent: 00-zz-zz-01", "tracestate: " + "a=b,".repeat(600), "x-request-id: \"'<>",
            "Expect: 100-continue", "Expect: nonsense", "Upgrade: h2c", "Upgrade: websocket",
            "Content-Encoding: gzip", "Content-Type: application/xml", "Host: ", "Host: a\r\nHost: b",
            "Accept: " + "x/y,".repeat(500), "Cookie: " + "c".repeat(4000), "Origin: null",
            "anthropic-version: 1999-01-01", "If-None-Match: *", "Range: bytes=0-999999999999");

    private final List<String> routes;
    private final Random random;
    private String route;

    private HostileRequests(List<String> routes, long seed) {
        this.routes = routes;
        random = new Random(seed);
        // Seeds in a row begin with draws that are alike.
        random.nextLong();
        route = pick(routes);
    }

    /// @param routes as in `POST /v1/completions`
    static Hostile of(List<String> routes, long seed) {
        return new HostileRequests(routes, seed).make();
    }

    private Hostile make() {
        int kind = random.nextInt(100);
        if (kind < 45) {
            post();
            return wrongValue();
        }
        if (kind < 62) {
            post();
            return brokenBody();
        }
        if (kind < 70) {
            return header();
        }
        if (kind < 78) {
            return path();
        }
        if (kind < 86) {
            return framing();
        }
        if (kind < 90) {
            return notHttp();
        }
        if (kind < 98) {
            post();
            return leaver();
        }
        return kind == 98 ? pipelined() : slow();
    }

    private void post() {
        while (!route.startsWith("POST ")) {
            route = pick(routes);
        }
    }

    private <T> T pick(List<T> list) { return list.get(random.nextInt(list.size())); }

    // ---- bodies ------------------------------------------------------------------------------

    private Map<String, Object> valid() {
        return HostileBodies.of(route, random.nextBoolean());
    }

    /// One or a few values of a valid body replaced, wherever they stand.
    private Hostile wrongValue() {
        String body = Json.write(valid());
        int changes = 1 + random.nextInt(2);
        var spots = new HostileSpots(body);
        for (int i = 0; i < changes; i++) {
            spots = spots.replace(random);
        }
        return whole("value", spots.text().getBytes(StandardCharsets.UTF_8), Expected.ANSWERED);
    }

    private Hostile brokenBody() {
        byte[] body = Json.write(valid()).getBytes(StandardCharsets.UTF_8);
        return switch (random.nextInt(8)) {
            case 0 -> whole("cut", Arrays.copyOf(body, random.nextInt(1, body.length)),
                    Expected.REFUSED);
            case 1 -> whole("utf-8", broken(body, new byte[] {(byte) 0xff, (byte) 0xfe}),
                    Expected.REFUSED);
            case 2 -> whole("utf-8", broken(body, new byte[] {(byte) 0xed, (byte) 0xa0,
                (byte) 0x80}), Expected.REFUSED);
            case 3 -> whole("control", broken(body, new byte[] {1, 0, 0x7f, 0x1b}),
                    Expected.REFUSED);
            case 4 -> whole("trailing", (Json.write(valid()) + pick(List.of("}", " x", "{}", "\0")))
                    .getBytes(StandardCharsets.UTF_8), Expected.REFUSED);
            case 5 -> whole("no object", pick(List.of("[]", "3", "\"x\"", "null", "true", "NaN",
                    "'a'", "{a:1}", "{\"a\":1,}", "/**/{}", "\ufeff{}", "[".repeat(50_000)))
                    .getBytes(StandardCharsets.UTF_8),
                    route.startsWith("POST /v1/responses/") ? Expected.ANSWERED : Expected.REFUSED);
            case 6 -> whole("another's", Json.write(HostileBodies.everything())
                    .getBytes(StandardCharsets.UTF_8), Expected.ANSWERED);
            default -> whole("noise", noise(), Expected.ANSWERED);
        };
    }

    private byte[] broken(byte[] body, byte[] piece) {
        int at = random.nextInt(1, body.length);
        var out = new ByteArrayOutputStream();
        out.write(body, 0, at);
        out.writeBytes(piece);
        out.write(body, at, body.length - at);
        return out.toByteArray();
    }

    private byte[] noise() {
        var bytes = new byte[random.nextInt(3000)];
        random.nextBytes(bytes);
        return bytes;
    }

    // ---- framing -----------------------------------------------------------------------------

    private String line() {
        int space = route.indexOf(' ');
        String path = route.substring(space + 1).replaceAll("\\{[a-z]+}", random.nextBoolean()
                ? "0" : "resp_1");
        if (path.startsWith("/slots/")) {
            path += "?action=" + pick(List.of("save", "restore", "erase", "x"));
        }
        return route.substring(0, space) + " " + path + " HTTP/1.1\r\nHost: x\r\n";
    }

    private Hostile whole(String kind, byte[] body, Expected expected) {
        String head = line() + "Connection: close\r\nContent-Length: " + body.length + "\r\n\r\n";
        // Routes with an id take any body where none is wanted.
        Expected allowed = route.contains("{") ? Expected.ANSWERED : expected;
        return new Hostile(kind + " at " + route, join(head, body), Delivery.WHOLE, allowed);
    }

    private static byte[] join(String head, byte[] body) {
        byte[] first = head.getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = Arrays.copyOf(first, first.length + body.length);
        System.arraycopy(body, 0, all, first.length, body.length);
        return all;
    }

    private Hostile text(String kind, String text, Expected expected) {
        return new Hostile(kind, text.getBytes(StandardCharsets.ISO_8859_1), Delivery.WHOLE,
                expected);
    }

    private Hostile header() {
        String start = "GET " + pick(List.of("/health", "/v1/models", "/props", "/metrics"))
                + " HTTP/1.1\r\nConnection: close\r\n";
        return switch (random.nextInt(4)) {
            case 0 -> text("a long header", start + "X-Long: "
                    + "x".repeat(random.nextInt(40_000, 200_000)) + "\r\n\r\n", Expected.REFUSED);
            case 1 -> text("many headers", start + "X-A: b\r\n".repeat(random.nextInt(5000, 20_000))
                    + "\r\n", Expected.REFUSED);
            case 2 -> text("header without end", start + "X-A: b\r\n", Expected.NOTHING_WORSE);
            default -> text("strange header", start + pick(HEADERS) + "\r\n" + pick(HEADERS)
                    + "\r\n\r\n", Expected.NOTHING_WORSE);
        };
    }

    private Hostile path() {
        String method = random.nextInt(3) == 0 ? pick(METHODS) : "GET";
        String target = random.nextInt(3) == 0 ? route.substring(route.indexOf(' ') + 1)
                : pick(PATHS);
        return text("path", method + " " + target + " HTTP/1.1\r\nConnection: close\r\n"
                + "Content-Length: 0\r\n\r\n", Expected.NOTHING_WORSE);
    }

    private Hostile framing() {
        post();
        String body = Json.write(valid());
        String start = line() + "Connection: close\r\n";
        String length = "Content-Length: ";
        String chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
        return switch (random.nextInt(10)) {
            case 0 -> text("negative length", start + length + "-5\r\n\r\n" + body,
                    Expected.NOTHING_WORSE);
            case 1 -> text("no number", start + length + pick(List.of("x", "", "1e3", "0x10",
                    "99999999999999999999")) + "\r\n\r\n" + body, Expected.NOTHING_WORSE);
            case 2 -> text("two lengths", start + length + "5\r\n" + length + "9\r\n\r\n" + body,
                    Expected.NOTHING_WORSE);
            case 3 -> text("too much announced", start + length + "9999999999\r\n\r\n" + body,
                    Expected.REFUSED);
            case 4 -> text("less announced", line() + length + "7\r\n\r\n" + body,
                    Expected.NOTHING_WORSE);
            case 5 -> text("length and chunks", start + length + "5\r\nTransfer-Encoding: chunked"
                    + "\r\n\r\n0\r\n\r\n" + body, Expected.NOTHING_WORSE);
            case 6 -> text("bad chunk size", chunked + pick(List.of("zz", "-1", "",
                    "ffffffffffffffffff", "7fffffff", ";;", "5;" + "e".repeat(9000))) + "\r\n"
                    + body + "\r\n", Expected.NOTHING_WORSE);
            case 7 -> text("chunk too short", chunked + "3\r\n" + body + "\r\n0\r\n\r\n",
                    Expected.NOTHING_WORSE);
            case 8 -> text("large body", start + length + (3 << 20) + "\r\n\r\n"
                    + "x".repeat(3 << 20), Expected.NOTHING_WORSE);
            default -> text("chunked trailers", chunked + "0\r\n" + "T: x\r\n".repeat(9000) + "\r\n",
                    Expected.NOTHING_WORSE);
        };
    }

    private Hostile notHttp() {
        return switch (random.nextInt(4)) {
            case 0 -> text("version", "GET /health HTTP/" + pick(List.of("9.9", "0.9", "x", "2.0",
                    "1.1.1")) + "\r\n\r\n", Expected.NOTHING_WORSE);
            case 1 -> text("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Expected.NOTHING_WORSE);
            case 2 -> new Hostile("TLS", new byte[] {0x16, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc, 3, 3},
                    Delivery.WHOLE, Expected.NOTHING_WORSE);
            default -> new Hostile("noise", join("", noise()), Delivery.WHOLE,
                    Expected.NOTHING_WORSE);
        };
    }

    // ---- time --------------------------------------------------------------------------------

    /// Leaves in the request, before the answer, or in it.
    private Hostile leaver() {
        byte[] body = Json.write(valid()).replace("\"max_tokens\":6", "\"max_tokens\":300")
                .getBytes(StandardCharsets.UTF_8);
        byte[] all = join(line() + "Content-Length: " + body.length + "\r\n\r\n", body);
        var delivery = switch (random.nextInt(3)) {
            case 0 -> new Delivery(random.nextInt(all.length), 0, 0);
            case 1 -> new Delivery(all.length, 0, 0);
            default -> new Delivery(all.length, random.nextInt(1, 2000), 0);
        };
        // One that asks for little gets all of it and then the deadline of an idle connection.
        return new Hostile("leaver at " + route, all, delivery, Expected.NOTHING_WORSE);
    }

    private Hostile pipelined() {
        var all = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            all.append("GET ").append(pick(List.of("/health", "/v1/models", "/nothing")))
                    .append(" HTTP/1.1\r\nHost: x\r\n\r\n");
        }
        return text("pipelined", all.toString(), Expected.NOTHING_WORSE);
    }

    /// Bytes that come one by one, all of them or not: in a while the server has had enough.
    private Hostile slow() {
        String body = "{\"content\":\"Hello\"}";
        String all = "POST /tokenize HTTP/1.1\r\nConnection: close\r\nContent-Length: "
                + (body.length() + random.nextInt(2)) + "\r\n\r\n" + body;
        return new Hostile("slow", all.getBytes(StandardCharsets.UTF_8),
                new Delivery(Integer.MAX_VALUE, 9000, random.nextInt(10, 400)),
                Expected.ANSWERED);
    }
}
