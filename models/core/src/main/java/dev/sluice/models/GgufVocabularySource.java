package dev.sluice.models;

import dev.sluice.models.file.GgufMetadata;
import dev.sluice.models.tokenizer.TextTable;
import dev.sluice.models.tokenizer.VocabularySource;
import java.nio.file.Path;

/// GGUF metadata as a tokenizer reads them.
record GgufVocabularySource(Path path, GgufMetadata metadata) implements VocabularySource {

    @Override
    public boolean has(String key) { return metadata.has(key); }

    @Override
    public String string(String key) { return metadata.string(key); }

    @Override
    public long integer(String key) { return metadata.wideInteger(key); }

    @Override
    public boolean flag(String key) { return metadata.bool(key); }

    @Override
    public TextTable texts(String key) {
        GgufMetadata.StringArray strings = metadata.stringArray(key);
        return new TextTable(strings.utf8(), strings.starts(), strings.lengths());
    }

    @Override
    public int[] integers(String key) { return metadata.integers(key); }

    @Override
    public float[] floats(String key) { return metadata.reals(key); }
}
