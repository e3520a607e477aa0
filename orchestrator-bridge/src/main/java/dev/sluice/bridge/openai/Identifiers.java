package dev.sluice.bridge.openai;

import java.util.UUID;

/// Names of answers and their parts, unguessable.
public final class Identifiers {
    private Identifiers() { }

    /// `PREFIX_` and 32 hexadecimal digits.
    public static String next(String prefix) {
        return prefix + "_" + UUID.randomUUID().toString().replace("-", "");
    }

    /// The id of a call: the model's own, where it gave one.
    public static String call(String models) {
        return models.isEmpty() ? next("call").substring(0, 29) : models;
    }
}
