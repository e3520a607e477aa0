package dev.sluice.runtime;

import dev.sluice.models.CausalLm;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.ModelTexts;
import dev.sluice.models.tokenizer.Tokenizer;
import java.util.Objects;

/// A model with its texts. Whoever gets it owns the model and closes it.
public record ModelBundle(CausalLm model, Tokenizer tokenizer, ChatFormatter chat) {
    public ModelBundle {
        Objects.requireNonNull(model);
        Objects.requireNonNull(tokenizer);
        Objects.requireNonNull(chat);
    }

    /// A loaded model with its own tokenizer and chat template. The model is closed with it.
    public static ModelBundle of(LoadedModel model) {
        ModelTexts texts = model.texts();
        return new ModelBundle(model.lm(), texts.tokenizer(), TemplateFormatter.of(texts));
    }
}
