/// Sequences, pages, sampling, and the embeddable engine.
module dev.sluice.runtime {
    requires transitive dev.sluice.models;

    exports dev.sluice.runtime;
    exports dev.sluice.runtime.toolcall;
    exports dev.sluice.runtime.grammar;
}
