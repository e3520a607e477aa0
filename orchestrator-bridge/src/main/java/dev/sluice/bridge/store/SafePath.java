package dev.sluice.bridge.store;

import java.nio.file.Path;
import java.util.regex.Pattern;

/// Names that come from a user or from the network, before they become paths.
final class SafePath {
    /// One segment of a repository's name, by the hub's own rule.
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,95}");

    /// The store's own folder, and endings that it uses for what is unfinished.
    private static final Pattern RESERVED =
            Pattern.compile("(?i)\\.sluice|.*\\.(part|part\\.json|tmp|lock)");

    private static final int PATH_MAX = 512;
    private static final int SEGMENT_MAX = 200;

    private SafePath() { }

    static boolean isName(String segment) {
        return NAME.matcher(segment).matches() && !segment.contains("..")
                && !RESERVED.matcher(segment).matches();
    }

    /// Whether a file of a repository may be written: a relative path of plain segments, none of
    /// which leaves the folder, is absolute on any system, or is hidden from a reader.
    static boolean isFile(String path) {
        if (path.isEmpty() || path.length() > PATH_MAX) {
            return false;
        }
        for (String segment : path.split("/", -1)) {
            if (segment.isEmpty() || segment.length() > SEGMENT_MAX || segment.equals(".")
                    || segment.equals("..") || RESERVED.matcher(segment).matches()
                    || segment.chars().anyMatch(SafePath::isStrange)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isStrange(int c) {
        return c < 0x20 || c == 0x7f || "\\:*?\"<>|".indexOf(c) >= 0;
    }

    /// The path inside of `folder`.
    ///
    /// @throws PullException if the name could lead out of it
    static Path in(Path folder, String path) {
        if (!isFile(path)) {
            throw new PullException("the name '%s' is refused: it could lead out of %s".formatted(
                    printable(path), folder));
        }
        Path file = folder.resolve(path).normalize();
        if (!file.startsWith(folder.normalize()) || file.equals(folder.normalize())) {
            throw new PullException("the name '%s' is refused: it leads out of %s".formatted(
                    printable(path), folder));
        }
        return file;
    }

    /// The text without what a terminal would act on.
    static String printable(String text) {
        String shown = text.replaceAll("\\p{Cntrl}", "?");
        return shown.length() <= 120 ? shown : shown.substring(0, 117) + "...";
    }
}
