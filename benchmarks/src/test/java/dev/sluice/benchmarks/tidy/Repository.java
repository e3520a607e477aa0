package dev.sluice.benchmarks.tidy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The text files of the source tree, build outputs left out.
///
/// @param root  the folder of the parent pom
/// @param files relative to `root`, with `/`, sorted
record Repository(Path root, List<String> files) {
    private static final Set<String> OUTSIDE = Set.of("target", ".git", ".sluice", ".idea");
    private static final Set<String> ENDINGS =
            Set.of("java", "md", "xml", "sh", "cmd", "c", "cl", "cu", "yml", "txt");
    private static final Set<String> SCRIPTS = Set.of("sluice", ".ci/run", "benchmarks/run");

    Repository {
        files = List.copyOf(files);
    }

    /// The tree that this test's module lies in.
    static Repository enclosing() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("sluice"))
                || !Files.exists(folder.resolve("engine-kernels"))) {
            folder = folder.getParent();
        }
        return of(folder);
    }

    static Repository of(Path root) {
        var files = new ArrayList<String>();
        try {
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes a) {
                    return OUTSIDE.contains(folder.getFileName().toString())
                            ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes a) {
                    String name = root.relativize(file).toString().replace('\\', '/');
                    String ending = name.substring(name.lastIndexOf('.') + 1);
                    if (SCRIPTS.contains(name)
                            || ENDINGS.contains(ending) && !name.contains("/resources/")) {
                        files.add(name);
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        files.sort(null);
        return new Repository(root, files);
    }

    String text(String file) {
        try {
            return Files.readString(root.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(file, e);
        }
    }

    List<String> ending(String suffix) {
        return files.stream().filter(file -> file.endsWith(suffix)).toList();
    }

    boolean exists(String path) {
        return Files.exists(root.resolve(path));
    }
}
