package dev.sluice.bridge.store;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// Where the hub is, and as whom we come. Immutable.
///
/// @param endpoint without a slash at its end
/// @param token    sent to the endpoint's own host only
public record HubAccess(URI endpoint, Optional<String> token, EnvironmentProxy proxy) {
    private static final String HUB = "https://huggingface.co";

    /// Reads `HF_ENDPOINT`, `HF_TOKEN` (or the file that the hub's own tools keep it in) and the
    /// proxy variables.
    ///
    /// @param home the user's folder
    /// @throws PullException if one of them is no good
    public static HubAccess of(Map<String, String> environment, Path home) {
        String text = environment.getOrDefault("HF_ENDPOINT", "").strip();
        String endpoint = (text.isEmpty() ? HUB : text).replaceFirst("/+$", "");
        URI uri;
        try {
            uri = URI.create(endpoint);
        } catch (IllegalArgumentException e) {
            throw wrongEndpoint(endpoint);
        }
        boolean web = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
        if (!web || uri.getHost() == null) {
            throw wrongEndpoint(endpoint);
        }
        return new HubAccess(uri, token(environment, home), EnvironmentProxy.of(environment));
    }

    private static PullException wrongEndpoint(String endpoint) {
        return new PullException("HF_ENDPOINT is '%s', which is no http or https address"
                .formatted(SafePath.printable(endpoint)));
    }

    private static Optional<String> token(Map<String, String> environment, Path home) {
        String given = environment.getOrDefault("HF_TOKEN", "").strip();
        if (given.isEmpty()) {
            String hubHome = environment.getOrDefault("HF_HOME", "");
            Path file = hubHome.isEmpty() ? home.resolve(".cache/huggingface/token")
                    : Path.of(hubHome).resolve("token");
            given = Files.isRegularFile(file) ? read(file) : "";
        }
        if (given.chars().anyMatch(c -> c <= 0x20 || c >= 0x7f)) {
            throw new PullException("the hub's token has characters that no token has");
        }
        return given.isEmpty() ? Optional.empty() : Optional.of(given);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new PullException("cannot read the token in %s: %s".formatted(
                    file, e.getMessage()));
        }
    }
}
