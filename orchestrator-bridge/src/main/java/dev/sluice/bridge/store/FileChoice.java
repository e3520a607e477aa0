package dev.sluice.bridge.store;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which files of a repository make the model that was asked for. Immutable.
///
/// @param label of the model inside of its repository; empty where it is the only one
/// @param files the one that is opened first
/// @param note  why these, for the user
record FileChoice(String label, List<HubFile> files, String note) {
    private static final Pattern PART = Pattern.compile("-(\\d{5})-of-(\\d{5})(?=\\.gguf$)");

    /// Encodings in names of files, longest first where one begins another.
    private static final Pattern QUANTISATION = Pattern.compile(
            "(?i)(?<![a-z0-9])(UD-)?(MXFP4(_MOE)?|BF16|F16|FP16|F32|FP32|I?Q\\d(_\\d|_K)?(_XXS|_XS"
            + "|_XL|_NL|_S|_M|_L)?(_\\d{2,3})?)(?![a-z0-9])");

    /// What is taken when nothing was asked for: the usual balance of size and quality first,
    /// then what is nearest to it, plain floats last.
    private static final List<String> PREFERENCE = List.of("Q4_K_M", "MXFP4", "MXFP4_MOE",
            "Q4_K_S", "Q5_K_M", "Q5_K_S", "Q4_0", "IQ4_XS", "IQ4_NL", "Q4_1", "Q6_K", "Q5_0",
            "Q5_1", "Q8_0", "Q3_K_M", "Q3_K_L", "Q3_K_S", "Q2_K", "BF16", "F16", "FP16", "F32",
            "FP32");

    /// What a safetensors model needs besides its weights.
    private static final List<String> COMPANIONS = List.of("config.json",
            "generation_config.json", "tokenizer.json", "tokenizer_config.json",
            "tokenizer.model", "special_tokens_map.json", "added_tokens.json", "vocab.json",
            "vocab.txt", "merges.txt", "chat_template.jinja", "chat_template.json",
            "modules.json", "1_Pooling/config.json");

    /// @throws PullException if there is no such model, or several
    static FileChoice of(Reference reference, List<HubFile> files) {
        Map<String, List<HubFile>> ggufs = ggufs(files);
        String wanted = reference.wanted();
        String lower = wanted.toLowerCase(Locale.ROOT);
        if (lower.endsWith(".safetensors") || lower.equals("safetensors")) {
            return safetensors(reference, files);
        }
        if (!wanted.isEmpty()) {
            return asked(reference, ggufs);
        }
        return ggufs.isEmpty() ? safetensors(reference, files) : preferred(reference, ggufs);
    }

    // ---- GGUF --------------------------------------------------------------------------------

    /// Models by name without the part and the ending; projectors and the like are none.
    private static Map<String, List<HubFile>> ggufs(List<HubFile> files) {
        var models = new LinkedHashMap<String, List<HubFile>>();
        for (HubFile file : files) {
            String name = file.fileName().toLowerCase(Locale.ROOT);
            boolean model = name.endsWith(".gguf") && !name.contains("mmproj")
                    && !name.contains("imatrix");
            if (model) {
                String group = PART.matcher(file.path()).replaceFirst("")
                        .replaceFirst("\\.gguf$", "");
                models.computeIfAbsent(group, _ -> new ArrayList<>()).add(file);
            }
        }
        models.values().forEach(parts -> parts.sort(
                (a, b) -> a.path().compareTo(b.path())));
        return models;
    }

    /// The encoding that a name tells, in upper case; an empty text if it tells none.
    static String quantisation(String name) {
        String last = "";
        Matcher matcher = QUANTISATION.matcher(name.substring(name.lastIndexOf('/') + 1));
        while (matcher.find()) {
            last = matcher.group().toUpperCase(Locale.ROOT);
        }
        return last;
    }

    private static FileChoice asked(Reference reference, Map<String, List<HubFile>> ggufs) {
        String wanted = reference.wanted();
        String bare = PART.matcher(wanted).replaceFirst("").replaceFirst("\\.gguf$", "");
        if (ggufs.containsKey(bare)) {
            return gguf(reference, ggufs, bare, "as asked");
        }
        var found = new ArrayList<String>();
        for (String group : ggufs.keySet()) {
            boolean hit = group.endsWith("/" + bare)
                    || quantisation(group).equalsIgnoreCase(wanted);
            if (hit) {
                found.add(group);
            }
        }
        if (found.size() == 1) {
            return gguf(reference, ggufs, found.getFirst(), "as asked");
        }
        throw new PullException(found.isEmpty()
                ? "%s has no %s; it has: %s".formatted(reference.repository(), wanted,
                        candidates(ggufs, ggufs.keySet()))
                : "%s has several %s, name one of them: %s".formatted(
                        reference.repository(), wanted, candidates(ggufs, found)));
    }

    private static FileChoice preferred(Reference reference, Map<String, List<HubFile>> ggufs) {
        if (ggufs.size() == 1) {
            return gguf(reference, ggufs, ggufs.keySet().iterator().next(), "the only model");
        }
        for (String quantisation : PREFERENCE) {
            List<String> found = ggufs.keySet().stream()
                    .filter(group -> quantisation(group).equals(quantisation)).toList();
            if (found.size() == 1) {
                return gguf(reference, ggufs, found.getFirst(), "by preference, of: "
                        + candidates(ggufs, ggufs.keySet()));
            }
            if (!found.isEmpty()) {
                throw new PullException("%s has several %s, name one of them: %s".formatted(
                        reference.repository(), quantisation, candidates(ggufs, found)));
            }
        }
        throw new PullException("%s has several models, name one of them: %s".formatted(
                reference.repository(), candidates(ggufs, ggufs.keySet())));
    }

    private static FileChoice gguf(Reference reference, Map<String, List<HubFile>> ggufs,
            String group, String why) {
        List<HubFile> parts = ggufs.get(group);
        Matcher first = PART.matcher(parts.getFirst().path());
        if (first.find() && Integer.parseInt(first.group(2)) != parts.size()) {
            throw new PullException("%s: %s has %d of its %s parts in the repository".formatted(
                    reference.repository(), group, parts.size(), first.group(2)));
        }
        return new FileChoice(label(ggufs, group), parts, why);
    }

    /// The quantisation where that names one model of the repository, the name otherwise.
    private static String label(Map<String, List<HubFile>> ggufs, String group) {
        String quantisation = quantisation(group);
        long same = ggufs.keySet().stream()
                .filter(other -> quantisation(other).equals(quantisation)).count();
        return quantisation.isEmpty() || same > 1 ? group : quantisation;
    }

    private static String candidates(
            Map<String, List<HubFile>> ggufs, Iterable<String> groups) {
        var shown = new ArrayList<String>();
        for (String group : groups) {
            long bytes = 0;
            for (HubFile part : ggufs.get(group)) {
                bytes += part.size();
            }
            shown.add(String.format(Locale.ROOT, "%s (%.2f GB)",
                    SafePath.printable(label(ggufs, group)), bytes / 1e9));
        }
        return shown.isEmpty() ? "no GGUF file" : String.join(", ", shown);
    }

    // ---- safetensors -------------------------------------------------------------------------

    private static FileChoice safetensors(Reference reference, List<HubFile> files) {
        List<HubFile> weights = weights(files);
        if (weights.isEmpty()) {
            throw new PullException(reference.repository()
                    + " has neither a GGUF file nor model.safetensors");
        }
        var all = new ArrayList<HubFile>();
        for (String companion : COMPANIONS) {
            find(files, companion).ifPresent(all::add);
        }
        if (find(all, "config.json").isEmpty()) {
            throw new PullException(reference.repository() + " has no config.json");
        }
        all.addAll(weights);
        return new FileChoice("", all, "safetensors in %d files".formatted(all.size()));
    }

    /// Of `model.safetensors`, or all parts of it with their index. Files such as
    /// `consolidated.safetensors` are the same weights again.
    private static List<HubFile> weights(List<HubFile> files) {
        var weights = new ArrayList<HubFile>();
        for (HubFile file : files) {
            if (file.path().matches("model(-\\d{5}-of-\\d{5})?\\.safetensors"
                    + "|model\\.safetensors\\.index\\.json")) {
                weights.add(file);
            }
        }
        Optional<HubFile> whole = find(weights, "model.safetensors");
        return whole.map(List::of).orElse(weights);
    }

    private static Optional<HubFile> find(List<HubFile> files, String path) {
        return files.stream().filter(file -> file.path().equals(path)).findFirst();
    }
}
