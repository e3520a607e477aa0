package dev.sluice.models.chat;

import java.util.LinkedHashMap;
import java.util.Map;

/// The one value whose attributes a template may set. One rendering only.
final class Namespace {
    private final Map<String, Object> attributes = new LinkedHashMap<>();

    Map<String, Object> attributes() { return attributes; }
}
