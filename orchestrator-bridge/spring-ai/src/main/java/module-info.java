/// Spring AI's models on the engine of this process. Spring AI has no module descriptors, so its
/// names here are those of its files.
@SuppressWarnings("requires-transitive-automatic")
module dev.sluice.springai {
    requires transitive dev.sluice.bridge;
    requires transitive reactor.core;
    requires transitive spring.ai.commons;
    requires transitive spring.ai.model;

    exports dev.sluice.springai;
}
