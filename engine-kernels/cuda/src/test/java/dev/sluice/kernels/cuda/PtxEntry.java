package dev.sluice.kernels.cuda;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A kernel as its PTX declares it: what a driver knows of its parameters.
///
/// @param types  of the parameters in order, `u64`, `u32`, `f32` ..
record PtxEntry(String symbol, List<String> types) {
    private static final Pattern ENTRY = Pattern.compile("\\.entry (\\w+)\\(([^)]*)\\)");
    private static final Pattern PARAMETER =
            Pattern.compile("\\.param (?:\\.align \\d+ )?\\.(\\w+) \\w+(\\[\\d+\\])?");

    PtxEntry {
        types = List.copyOf(types);
    }

    static Map<String, PtxEntry> parse(byte[] ptx) {
        var entries = new LinkedHashMap<String, PtxEntry>();
        Matcher entry = ENTRY.matcher(new String(ptx, StandardCharsets.UTF_8));
        while (entry.find()) {
            var types = new ArrayList<String>();
            Matcher parameter = PARAMETER.matcher(entry.group(2));
            while (parameter.find()) {
                types.add(parameter.group(1) + (parameter.group(2) == null ? ""
                        : parameter.group(2)));
            }
            entries.put(entry.group(1), new PtxEntry(entry.group(1), types));
        }
        return entries;
    }

    static int bytes(String type) {
        return Integer.parseInt(type.substring(1)) / 8;
    }
}
