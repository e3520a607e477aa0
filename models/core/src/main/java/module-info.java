/// Model files, tokenizers, chat templates, forward passes.
module dev.sluice.models {
    requires transitive dev.sluice.router;
    requires com.fasterxml.jackson.core;
    requires jdk.management;

    exports dev.sluice.models;
    exports dev.sluice.models.chat;
    exports dev.sluice.models.file;
    exports dev.sluice.models.json;
    exports dev.sluice.models.skip;
    exports dev.sluice.models.spi;
    exports dev.sluice.models.tokenizer;

    uses dev.sluice.models.spi.ModelFormat;
}
