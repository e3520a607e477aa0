package dev.sluice.runtime.toolcall;

import dev.sluice.runtime.toolcall.MessageEvent.Content;
import java.util.function.Consumer;

/// Text that is nothing but content.
final class PlainReader implements MessageReader {
    @Override
    public void push(String text, Consumer<MessageEvent> out) {
        if (!text.isEmpty()) {
            out.accept(new Content(text));
        }
    }

    @Override
    public void finish(Consumer<MessageEvent> out) { }
}
