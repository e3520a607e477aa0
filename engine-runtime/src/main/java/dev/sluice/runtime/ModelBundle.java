package dev.sluice.runtime;

import dev.sluice.models.CausalLm;
import dev.sluice.models.tokenizer.Tokenizer;
import java.util.Objects;

/// A model with its texts. Whoever gets it owns the model and closes it.
public record ModelBundle(CausalLm model, Tokenizer tokenizer, ChatFormatter chat) {
    public ModelBundle {
        Objects.requireNonNull(model);
        Objects.requireNonNull(tokenizer);
        Objects.requireNonNull(chat);
    }
}
