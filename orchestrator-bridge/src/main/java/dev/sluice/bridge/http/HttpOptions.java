package dev.sluice.bridge.http;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// How the server listens, and what it accepts. Immutable.
///
/// @param host           address to listen on; loopback unless the user says otherwise
/// @param port           0 for any free one
/// @param tls            certificate and key for HTTPS; empty for plain HTTP
/// @param bodyMax        bytes of a request's body
/// @param headerMax      bytes of a request's headers together
/// @param connectionsMax connections open at once; further ones are closed at once
/// @param readTimeout    longest pause inside of a request, and longest idle connection
/// @param origins        origins that a browser may call from (CORS); `*` for any, empty for none
public record HttpOptions(String host, int port, Optional<Tls> tls, int bodyMax, int headerMax,
        int connectionsMax, Duration readTimeout, List<String> origins) {

    /// PEM files: a certificate chain and its private key (PKCS #8).
    public record Tls(Path certificates, Path key) {}

    public HttpOptions {
        if (port < 0 || port > 65535 || bodyMax < 1 || headerMax < 256 || connectionsMax < 1) {
            throw new IllegalArgumentException("port %d, body %d, headers %d, connections %d"
                    .formatted(port, bodyMax, headerMax, connectionsMax));
        }
        origins = List.copyOf(origins);
    }

    /// Loopback, any free port, 32 MiB bodies, 32 KiB headers, 4096 connections, no browsers from
    /// elsewhere.
    public static HttpOptions defaults() {
        return new HttpOptions("127.0.0.1", 0, Optional.empty(), 32 << 20, 32 << 10, 4096,
                Duration.ofSeconds(60), List.of());
    }

    public HttpOptions withAddress(String address, int number) {
        return new HttpOptions(address, number, tls, bodyMax, headerMax, connectionsMax,
                readTimeout, origins);
    }

    public HttpOptions withTls(Tls files) {
        return new HttpOptions(host, port, Optional.of(files), bodyMax, headerMax,
                connectionsMax, readTimeout, origins);
    }

    public HttpOptions withLimits(int body, int header, Duration timeout) {
        return new HttpOptions(host, port, tls, body, header, connectionsMax, timeout, origins);
    }

    public HttpOptions withOrigins(List<String> allowed) {
        return new HttpOptions(host, port, tls, bodyMax, headerMax, connectionsMax, readTimeout,
                allowed);
    }
}
