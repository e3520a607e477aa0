/// LangChain4j's models on the engine of this process. LangChain4j has no module descriptor, so
/// its names here are those of its files.
@SuppressWarnings("requires-transitive-automatic")
module dev.sluice.langchain4j {
    requires transitive dev.sluice.bridge;
    requires transitive langchain4j.core;

    exports dev.sluice.langchain4j;
}
