package dev.sluice.models.chat;

import java.util.List;

/// What `map`, `select` and their kin return: elements that can be read once and neither
/// counted nor printed, as in Python. One rendering only.
final class Generator {
    private List<Object> elements;

    Generator(List<Object> elements) {
        this.elements = elements;
    }

    List<Object> drain() {
        List<Object> all = elements;
        elements = List.of();
        return all;
    }
}
