package dev.sluice.models.family;

import dev.sluice.models.EncoderBatch;
import dev.sluice.models.MalformedBatchException;
import dev.sluice.models.TextEncoder;

/// What every batch of texts must keep to. Pure.
final class EncoderChecks {
    private EncoderChecks() { }

    static void require(TextEncoder encoder, EncoderBatch batch, float[] out) {
        if (batch.rowCount() < 1 || batch.rowCount() > encoder.maxRows()
                || batch.textCount() > encoder.maxTexts()) {
            throw new MalformedBatchException("%d rows of %d texts, room for %d of %d".formatted(
                    batch.rowCount(), batch.textCount(), encoder.maxRows(),
                    encoder.maxTexts()));
        }
        int wanted = batch.textCount() * encoder.config().outputs();
        if (out.length < wanted) {
            throw new MalformedBatchException("%d texts give %d floats, room for %d".formatted(
                    batch.textCount(), wanted, out.length));
        }
        for (int text = 0; text < batch.textCount(); text++) {
            if (batch.length(text) > encoder.config().contextTokens()) {
                throw new MalformedBatchException("a text of %d tokens, at most %d".formatted(
                        batch.length(text), encoder.config().contextTokens()));
            }
        }
        for (int row = 0; row < batch.rowCount(); row++) {
            if (batch.tokenId(row) < 0 || batch.tokenId(row) >= encoder.vocab()) {
                throw new MalformedBatchException("token %d of a vocabulary of %d"
                        .formatted(batch.tokenId(row), encoder.vocab()));
            }
        }
    }
}
