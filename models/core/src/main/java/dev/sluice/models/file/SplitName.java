package dev.sluice.models.file;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The name of one part of a split GGUF model, `PREFIX-00002-of-00005.gguf`. Parts count from 1.
record SplitName(Path folder, String prefix, int part, int parts) {
    private static final Pattern NAME = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

    /// Empty when the file is not named as a part.
    static Optional<SplitName> of(Path file) {
        Matcher matcher = NAME.matcher(file.getFileName().toString());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        return Optional.of(new SplitName(file.toAbsolutePath().getParent(), matcher.group(1),
                Integer.parseInt(matcher.group(2)), Integer.parseInt(matcher.group(3))));
    }

    Path file(int wantedPart) {
        return folder.resolve("%s-%05d-of-%05d.gguf".formatted(prefix, wantedPart, parts));
    }
}
