package dev.sluice.runtime.grammar.schema;

/// The six kinds of JSON values.
enum JsonType { NULL, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT }
