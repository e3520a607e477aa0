package dev.sluice.bridge.chat;

import dev.sluice.bridge.http.Exchange;
import java.util.List;

/// The answers that one request has running, whichever protocol it came by.
public record RunningChoices(List<ChoiceReader> readers) {
    /// Stops every answer at the engine's next step; from any thread.
    public void cancel() {
        readers.forEach(ChoiceReader::cancel);
    }

    /// Runs what sends the answers. If the client leaves or sending fails, the answers are
    /// cancelled: nobody computes for nobody.
    public void serve(Exchange exchange, Runnable sending) {
        exchange.onGone(this::cancel);
        boolean completed = false;
        try {
            sending.run();
            completed = true;
        } finally {
            if (!completed) {
                cancel();
            }
        }
    }
}
