package dev.sluice.models.chat;

import java.util.List;

/// A Python tuple; never changed after it is made.
record Tuple(List<Object> elements) { }
