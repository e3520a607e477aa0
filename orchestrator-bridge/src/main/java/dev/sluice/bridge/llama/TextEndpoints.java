package dev.sluice.bridge.llama;

import dev.sluice.bridge.api.Call;
import dev.sluice.bridge.api.Fields;
import dev.sluice.bridge.api.JsonReply;
import dev.sluice.bridge.chat.ChatPrompt;
import dev.sluice.bridge.chat.TokenText;
import dev.sluice.bridge.host.ModelHost;
import dev.sluice.bridge.openai.ChatCompletions;
import dev.sluice.models.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// llama-server's endpoints for text alone: `/tokenize`, `/detokenize` and `/apply-template`.
/// Shapes are those of its documentation; `model` chooses among several.
public final class TextEndpoints {
    private final ModelHost host;

    public TextEndpoints(ModelHost host) {
        this.host = host;
    }

    public void tokenize(Call call) {
        Fields fields = call.fields();
        String content = fields.text("content").orElse("");
        boolean special = fields.flag("add_special", false);
        boolean parse = fields.flag("parse_special", true);
        boolean pieces = fields.flag("with_pieces", false);
        String name = fields.text("model").orElse("");
        fields.end();
        try (ModelHost.Lease lease = host.acquire(name)) {
            Tokenizer tokenizer = lease.model().tokenizer();
            int[] ids = tokenizer.encode(
                    content, parse ? Tokenizer.Special.PARSE : Tokenizer.Special.AS_TEXT);
            ids = special ? tokenizer.withBosAndEos(ids) : ids;
            JsonReply.send(call.exchange(), 200,
                    Map.of("tokens", pieces ? pieces(tokenizer, ids) : ids));
        }
    }

    private static List<Object> pieces(Tokenizer tokenizer, int[] ids) {
        var pieces = new ArrayList<Object>();
        for (int id : ids) {
            byte[] bytes = tokenizer.bytes(id);
            pieces.add(Map.of("id", id, "piece", bytes.length == 0
                    ? tokenizer.name(id) : piece(bytes)));
        }
        return pieces;
    }

    /// A text, or the bytes where they are only part of one.
    private static Object piece(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            return TokenText.unsigned(bytes);
        }
    }

    public void detokenize(Call call) {
        Fields fields = call.fields();
        List<Object> tokens = fields.list("tokens");
        String name = fields.text("model").orElse("");
        fields.end();
        try (ModelHost.Lease lease = host.acquire(name)) {
            Tokenizer tokenizer = lease.model().tokenizer();
            var bytes = new ByteArrayOutputStream();
            for (Object token : tokens) {
                if (!(token instanceof Long id) || id < 0 || id >= tokenizer.vocabSize()) {
                    throw fields.wrong("tokens", "token ids below " + tokenizer.vocabSize(),
                            token);
                }
                byte[] piece = tokenizer.bytes(id.intValue());
                bytes.writeBytes(piece.length > 0 ? piece
                        : tokenizer.name(id.intValue()).getBytes(StandardCharsets.UTF_8));
            }
            JsonReply.send(call.exchange(), 200,
                    Map.of("content", bytes.toString(StandardCharsets.UTF_8)));
        }
    }

    /// The prompt that a chat completion of the same body would have.
    public void applyTemplate(Call call) {
        var request = ChatCompletions.request(call);
        try (ModelHost.Lease lease = host.acquire(request.model())) {
            String prompt = ChatPrompt.render(lease.model(), request);
            JsonReply.send(call.exchange(), 200, Map.of("prompt",
                    prompt.replace(String.valueOf(Tokenizer.GUARD), "")));
        }
    }
}
