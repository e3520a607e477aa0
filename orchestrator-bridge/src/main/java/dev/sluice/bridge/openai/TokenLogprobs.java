package dev.sluice.bridge.openai;

import dev.sluice.bridge.chat.TokenText;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.Logprob;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Log-probabilities as OpenAI's endpoints show them, a token with its bytes, since it may be part
/// of a character.
public final class TokenLogprobs {
    private TokenLogprobs() { }

    /// The entry of one token.
    ///
    /// @param entries the token's own, then the most likely ones'
    public static Map<String, Object> entry(Tokenizer tokenizer, List<Logprob> entries) {
        Map<String, Object> entry = one(tokenizer, entries.getFirst());
        var top = new ArrayList<Object>();
        for (Logprob each : entries.subList(1, entries.size())) {
            top.add(one(tokenizer, each));
        }
        entry.put("top_logprobs", top);
        return entry;
    }

    private static Map<String, Object> one(Tokenizer tokenizer, Logprob logprob) {
        var entry = new LinkedHashMap<String, Object>();
        entry.put("token", TokenText.of(tokenizer, logprob.tokenId()));
        entry.put("logprob", logprob.value());
        entry.put("bytes", TokenText.unsigned(tokenizer.bytes(logprob.tokenId())));
        return entry;
    }
}
