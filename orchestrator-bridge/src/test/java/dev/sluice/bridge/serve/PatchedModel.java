package dev.sluice.bridge.serve;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// The tiny random model with other texts in its file: a chat template that knows tools and
/// thinking, tokens for fill-in-the-middle. Texts in a GGUF file have their length before them, and
/// the data behind the header is aligned to 32 bytes; the template is padded so that it stays so.
final class PatchedModel {
    /// ChatML with tools in Hermes' form, results, and a switch for thinking.
    static final String AGENT = """
            {% if tools %}<|im_start|>system
            <tools>{{ tools | tojson }}</tools> <tool_call><|im_end|>
            {% endif %}{% for m in messages %}<|im_start|>{{ m['role'] }}
            {% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}\
            {{ m['content'] }}{% for c in m.tool_calls or [] %}<tool_call>\
            {{ c.function | tojson }}</tool_call>{% endfor %}<|im_end|>
            {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
            {% if enable_thinking %}<think>
            {% endif %}{% endif %}""";

    private byte[] bytes;
    private int grown;

    PatchedModel() throws IOException {
        bytes = Files.readAllBytes(RunningServer.MODEL);
    }

    /// Replaces the text of a token.
    PatchedModel token(String old, String text) {
        replace(find(sized(old), 0), old, text);
        return this;
    }

    /// Replaces the template and writes the file. Once, and last.
    Path write(Path file, String template) throws IOException {
        byte[] key = sized("tokenizer.chat_template");
        int value = find(key, 0) + key.length + 4;
        int size = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(value);
        String old = new String(bytes, value + 8, size, StandardCharsets.UTF_8);
        var padded = new StringBuilder(template);
        int comment = "{##}".length();
        int more = template.getBytes(StandardCharsets.UTF_8).length + comment - size + grown;
        padded.insert(0, "{#" + " ".repeat(Math.floorMod(-more, 32)) + "#}");
        replace(value, old, padded.toString());
        return Files.write(file, bytes);
    }

    private void replace(int at, String old, String text) {
        byte[] before = sized(old);
        byte[] after = sized(text);
        var out = ByteBuffer.allocate(bytes.length - before.length + after.length);
        out.put(bytes, 0, at).put(after);
        out.put(bytes, at + before.length, bytes.length - at - before.length);
        bytes = out.array();
        grown += after.length - before.length;
    }

    private static byte[] sized(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + utf8.length).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(utf8.length).put(utf8).array();
    }

    private int find(byte[] wanted, int from) {
        for (int i = from; i + wanted.length <= bytes.length; i++) {
            if (Arrays.equals(bytes, i, i + wanted.length, wanted, 0, wanted.length)) {
                return i;
            }
        }
        throw new IllegalArgumentException("not there: " + new String(wanted,
                StandardCharsets.UTF_8));
    }
}
