package dev.sluice.bridge.responses;

import dev.sluice.bridge.api.ApiException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/// Reasoning in the one text that clients keep where nothing is stored, `encrypted_content`. It
/// hides nothing, since this server shows its reasoning anyhow; it only comes back as it was.
final class SealedReasoning {
    private static final String MARK = "sluice1.";

    private SealedReasoning() { }

    static String seal(String text) {
        return MARK + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    /// @param path where it stands, for the message
    static String open(String path, String sealed) {
        try {
            if (sealed.startsWith(MARK)) {
                byte[] bytes = Base64.getDecoder().decode(sealed.substring(MARK.length()));
                return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes))
                        .toString();
            }
        } catch (IllegalArgumentException | CharacterCodingException e) {
            throw unknown(path);
        }
        throw unknown(path);
    }

    private static ApiException unknown(String path) {
        return ApiException.invalid(path, path + " is not of this server");
    }
}
