package dev.sluice.models.chat;

import java.util.HashMap;
import java.util.Map;

/// The names of one body and where the search goes on. Loops, macros and set blocks have scopes
/// of their own, `if` has not. One thread.
final class Scope {
    /// What `find` returns for a name that is nowhere: `null` is a value, None.
    static final Object ABSENT = new Object();

    private final Scope parent;
    private Map<String, Object> names;

    private Scope(Scope parent, Map<String, Object> names) {
        this.parent = parent;
        this.names = names;
    }

    /// The scope of the variables, where every search ends; it is never assigned to.
    static Scope outermost(Map<String, Object> variables) {
        return new Scope(null, variables);
    }

    Scope inner() {
        return new Scope(this, Map.of());
    }

    Object find(String name) {
        for (Scope scope = this; scope != null; scope = scope.parent) {
            Object value = scope.names.getOrDefault(name, ABSENT);
            if (value != ABSENT) {
                return value;
            }
        }
        return ABSENT;
    }

    void assign(String name, Object value) {
        if (names.isEmpty()) {
            names = new HashMap<>();
        }
        names.put(name, value);
    }
}
