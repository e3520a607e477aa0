package dev.sluice.models.chat;

/// A name, attribute or item that does not exist: false, empty when printed, an error when
/// anything is asked of it. The message says what is missing.
record Undefined(String message) {
    static Undefined name(String name) {
        return new Undefined("'" + name + "' is undefined");
    }
}
