package dev.sluice.runtime.grammar.schema;

/// What a value may be tested for: a schema, being equal to one value, or nothing at all.
sealed interface Term permits SchemaNode, Term.Exactly, Term.Anything {

    /// Equal to a value, which is in the form of [JsonValues#normal].
    record Exactly(Object value) implements Term { }

    /// Passed by every value.
    record Anything() implements Term { }
}
