package dev.sluice.benchmarks.gpu;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// `--name value` arguments of a main. A name that nobody asks for is an error. One thread.
final class Options {
    private final Map<String, String> values = new LinkedHashMap<>();
    private final Set<String> asked = new HashSet<>();

    Options(String[] arguments) {
        for (int i = 0; i < arguments.length; i += 2) {
            if (!arguments[i].startsWith("--") || i + 1 == arguments.length) {
                throw new IllegalArgumentException("expected --name value, got " + arguments[i]);
            }
            values.put(arguments[i].substring(2), arguments[i + 1]);
        }
    }

    String text(String name) {
        asked.add(name);
        if (!values.containsKey(name)) {
            throw new IllegalArgumentException("--" + name + " is missing");
        }
        return values.get(name);
    }

    String text(String name, String absent) {
        asked.add(name);
        return values.getOrDefault(name, absent);
    }

    int number(String name, int absent) {
        return Integer.parseInt(text(name, Integer.toString(absent)));
    }

    double real(String name, double absent) {
        return Double.parseDouble(text(name, Double.toString(absent)));
    }

    void requireAllAsked() {
        for (String name : values.keySet()) {
            if (!asked.contains(name)) {
                throw new IllegalArgumentException("unknown option --" + name);
            }
        }
    }
}
