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

/// Who may call. Keys come from a file, one a line as `KEY [NAME] [admin]`, `#` begins a comment;
/// without a file everybody may. A client sends its key as `Authorization: Bearer KEY` or as
/// `x-api-key: KEY`. NAME is how logs and the ledger call it; an `admin` sees what others cost.
public final class ApiKeys {
    /// Nobody needs a key.
    public static final ApiKeys OPEN = new ApiKeys(List.of());

    private static final String ADMIN = "admin";

    private record Key(byte[] digest, String name, boolean admin) { }

    private final List<Key> keys;

    private ApiKeys(List<Key> keys) {
        this.keys = keys;
    }

    /// @throws IOException if the file cannot be read or has no key
    public static ApiKeys read(Path file) throws IOException {
        var keys = new ArrayList<Key>();
        for (String line : Files.readAllLines(file)) {
            if (!line.isBlank() && !line.strip().startsWith("#")) {
                keys.add(key(file, line.strip().split("\\s+")));
            }
        }
        if (keys.isEmpty()) {
            throw new IOException(file + " has no key in it");
        }
        requireOneRole(file, keys);
        return new ApiKeys(List.copyOf(keys));
    }

    /// Keys may share a name, but not with a role more.
    private static void requireOneRole(Path file, List<Key> keys) throws IOException {
        for (Key a : keys) {
            for (Key b : keys) {
                if (a.name.equals(b.name) && a.admin != b.admin) {
                    throw new IOException(file + ": " + a.name
                            + " has a key with 'admin' and one without");
                }
            }
        }
    }

    /// @param words of a line; the line itself is a secret and in no message
    private static Key key(Path file, String[] words) throws IOException {
        boolean admin = words.length > 1 && words[words.length - 1].equals(ADMIN);
        int named = words.length - (admin ? 1 : 0);
        if (named > 2) {
            throw new IOException(file + ": a line has %d words, expected KEY [NAME] [admin]"
                    .formatted(words.length));
        }
        byte[] digest = digest(words[0]);
        return new Key(digest, named == 2 ? words[1]
                : "key-" + HexFormat.of().formatHex(digest, 0, 4), admin);
    }

    /// Whether a caller, by its name, may see what concerns others. Without keys everybody may.
    public boolean isAdministrator(String caller) {
        boolean admin = keys.isEmpty();
        for (Key key : keys) {
            admin |= key.admin && key.name.equals(caller);
        }
        return admin;
    }

    /// A name for the caller that is not its key: `anonymous` where keys are not needed.
    ///
    /// @throws ApiException if the caller has no key that is in the file
    public String caller(Exchange exchange) {
        if (keys.isEmpty()) {
            return "anonymous";
        }
        String bearer = exchange.header("authorization").orElse("");
        String key = bearer.regionMatches(true, 0, "Bearer ", 0, 7)
                ? bearer.substring(7).strip() : exchange.header("x-api-key").orElse("");
        byte[] given = digest(key);
        String name = "";
        for (Key each : keys) {
            // Every key is compared, so that time does not tell which one was close.
            name = MessageDigest.isEqual(each.digest, given) ? each.name : name;
        }
        if (name.isEmpty()) {
            throw new ApiException(ApiException.Kind.UNAUTHORIZED, "",
                    key.isEmpty() ? "an API key is needed" : "the API key is not known");
        }
        return name;
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
