package dev.sluice.bridge.cli;

import dev.sluice.kernels.DType;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.models.MemoryPlan;
import dev.sluice.models.ModelTexts;
import dev.sluice.runtime.ModelBundle;
import dev.sluice.runtime.Sluice;
import dev.sluice.runtime.TemplateFormatter;
import java.util.Locale;

/// A model opened for `run` and `chat`: its engine, and what the user is told about it.
///
/// @param hasTemplate whether messages can be formatted; without, only plain completion works
record TalkingModel(Sluice sluice, LoadedModel model, boolean hasTemplate, String startLine)
        implements AutoCloseable {

    static TalkingModel open(ModelOptions options, int contextTokens) {
        BackendChoice backend = options.backend();
        long begin = System.nanoTime();
        LoadedModel loaded = options.open(backend, new LoadOptions(
                DType.F16, contextTokens, 1, LoadOptions.DEFAULT_MAX_ROWS));
        boolean opened = false;
        try {
            ModelTexts texts = loaded.texts();
            Sluice sluice = Sluice.of(new ModelBundle(
                    loaded.lm(), texts.tokenizer(), TemplateFormatter.of(texts)));
            opened = true;
            return new TalkingModel(sluice, loaded, !texts.chatTemplate().isEmpty(), startLine(
                    options.note(backend, loaded), loaded, (System.nanoTime() - begin) / 1e9));
        } finally {
            if (!opened) {
                loaded.close();
            }
        }
    }

    private static String startLine(String note, LoadedModel model, double seconds) {
        MemoryPlan memory = model.memory();
        return String.format(Locale.ROOT,
                "%s%nmemory: weights %s%s, keys and values %s (%s), scratch %s; "
                + "loaded in %.2f s", note, ByteSize.text(memory.weightBytes()),
                memory.experts().cached() ? " (experts %s of %s)".formatted(
                        ByteSize.text(memory.experts().memoryBytes()),
                        ByteSize.text(memory.experts().storedBytes())) : "",
                ByteSize.text(memory.kvBytes()), model.lm().kvPlan(),
                ByteSize.text(memory.scratchBytes()), seconds);
    }

    /// The engine owns the model, and the model its file.
    @Override
    public void close() {
        sluice.close();
    }
}
