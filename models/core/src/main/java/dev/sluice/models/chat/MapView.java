package dev.sluice.models.chat;

import java.util.List;

/// The result of a map's `keys()`, `values()` or `items()`; `method` names which.
record MapView(String method, List<Object> elements) { }
