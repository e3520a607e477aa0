package dev.sluice.bridge.api;

import dev.sluice.bridge.http.Exchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// Who may call. Keys come from a file, one a line, `#` begins a comment; without a file everybody
/// may. A client sends its key as `Authorization: Bearer KEY` or as `x-api-key: KEY`.
public final class ApiKeys {
    /// Nobody needs a key.
    public static final ApiKeys OPEN = new ApiKeys(List.of());

    private final List<byte[]> digests;

    private ApiKeys(List<byte[]> digests) {
        this.digests = digests;
    }

    /// @throws IOException if the file cannot be read or has no key
    public static ApiKeys read(Path file) throws IOException {
        var digests = new ArrayList<byte[]>();
        for (String line : Files.readAllLines(file)) {
            String key = line.strip();
            if (!key.isEmpty() && !key.startsWith("#")) {
                digests.add(digest(key));
            }
        }
        if (digests.isEmpty()) {
            throw new IOException(file + " has no key in it");
        }
        return new ApiKeys(digests);
    }

    /// A name for the caller that is not its key: `anonymous` where keys are not needed.
    ///
    /// @throws ApiException if the caller has no key that is in the file
    public String caller(Exchange exchange) {
        if (digests.isEmpty()) {
            return "anonymous";
        }
        String bearer = exchange.header("authorization").orElse("");
        String key = bearer.regionMatches(true, 0, "Bearer ", 0, 7)
                ? bearer.substring(7).strip() : exchange.header("x-api-key").orElse("");
        byte[] given = digest(key);
        boolean known = false;
        for (byte[] digest : digests) {
            // Every key is compared, so that time does not tell which one was close.
            known |= MessageDigest.isEqual(digest, given);
        }
        if (!known) {
            throw new ApiException(ApiException.Kind.UNAUTHORIZED, "",
                    key.isEmpty() ? "an API key is needed" : "the API key is not known");
        }
        return "key-" + HexFormat.of().formatHex(given, 0, 4);
    }

    private static byte[] digest(String key) {
        try {
            return MessageDigest.getInstance("SHA-256")
                    .digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
