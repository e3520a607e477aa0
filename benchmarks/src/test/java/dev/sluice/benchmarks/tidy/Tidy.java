package dev.sluice.benchmarks.tidy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The rules of the house style that a machine can check. Each takes a file and returns what is
/// wrong in it, one line each: `path:line rule: what`.
final class Tidy {
    static final int FILE_LINES = 600;
    static final int METHOD_LINES = 60;
    static final int COLUMNS = 100;
    static final int PARAMETERS = 6;
    /// Operations of the kernels, the loops behind them, and what a model builds of them.
    static final int KERNEL_PARAMETERS = 7;

    private static final Set<String> BANNED_WORDS =
            Set.of("Manager", "Helper", "Util", "Utils", "Base", "Impl", "Info");
    private static final Pattern TYPE =
            Pattern.compile("\\b(?:class|interface|enum|record)\\s+([A-Z]\\w*)");
    private static final Pattern WORD = Pattern.compile("[A-Z][a-z0-9]*");
    private static final Pattern OPEN_END =
            Pattern.compile("\\b(?:TO[D]O|FI[X]ME|X[X]X)\\b(?!.*#[0-9])");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]+)(?:#[^)]*)?\\)");
    private static final Pattern HOT = Pattern.compile(
            "/src/main/java/dev/sluice/(?:kernels|router|runtime)/");

    private static final Pattern STREAM = Pattern.compile("\\bjava\\.util\\.stream\\b"
            + "|\\bArrays\\.stream\\b|\\.(?:stream|chars|lines)\\(\\)\\s*\\."
            + "(?:map|filter|flatMap|collect|toList|forEach|any|all|none|reduce|sum|count|sorted)");

    /// Code that is banned, and where it may stand all the same.
    private static final Map<Pattern, Pattern> BANNED_CODE = Map.of(
            Pattern.compile("\\bsun\\.misc\\.Unsafe\\b|\\bjdk\\.internal\\."),
            Pattern.compile("-"),
            Pattern.compile("\\bjava\\.lang\\.reflect\\b|\\bClass\\.forName\\b|setAccessible"),
            Pattern.compile("-"),
            Pattern.compile("\\bThreadLocal\\b"),
            Pattern.compile("-"),
            Pattern.compile("\\bSystem\\.getenv\\b"),
            Pattern.compile("/cli/Main\\.java$|/src/test/"),
            Pattern.compile("\\bjdk\\.incubator\\.vector\\b"),
            Pattern.compile("dev/sluice/kernels/vector/|/module-info\\.java$"));

    private Tidy() { }

    static List<String> typeNames(JavaSource source) {
        var wrong = new ArrayList<String>();
        Matcher type = TYPE.matcher(source.code());
        while (type.find()) {
            Matcher word = WORD.matcher(type.group(1));
            while (word.find()) {
                if (BANNED_WORDS.contains(word.group())) {
                    wrong.add("%s type name: %s says nothing in '%s'"
                            .formatted(source.path(), type.group(1), word.group()));
                }
            }
        }
        return wrong;
    }

    static List<String> bannedCode(JavaSource source) {
        var wrong = new ArrayList<String>();
        BANNED_CODE.forEach((code, allowed) -> {
            Matcher found = code.matcher(source.code());
            if (found.find() && !allowed.matcher(source.path()).find()) {
                wrong.add("%s banned code: %s".formatted(source.path(), found.group()));
            }
        });
        Matcher stream = STREAM.matcher(source.code());
        if (HOT.matcher(source.path()).find() && stream.find()) {
            wrong.add("%s banned code: %s where a step runs"
                    .formatted(source.path(), stream.group()));
        }
        return wrong;
    }

    static List<String> fileLength(JavaSource source) {
        long lines = source.text().lines().count();
        return lines <= FILE_LINES ? List.of() : List.of("%s file length: %d lines, limit %d"
                .formatted(source.path(), lines, FILE_LINES));
    }

    static List<String> methods(JavaSource source) {
        var wrong = new ArrayList<String>();
        boolean kernels = source.path().contains("engine-kernels/");
        for (JavaSource.Method method : source.methods()) {
            int limit = kernels || method.operation() ? KERNEL_PARAMETERS : PARAMETERS;
            boolean ofRecord = source.code().contains("record " + method.name() + "(");
            String where = source.path() + ":" + method.line();
            if (method.lines() > METHOD_LINES) {
                wrong.add("%s method length: %s has %d lines, limit %d"
                        .formatted(where, method.name(), method.lines(), METHOD_LINES));
            }
            // A record's constructor has the record's components, however many.
            if (method.parameters() > limit && !ofRecord) {
                wrong.add("%s parameters: %s has %d, limit %d"
                        .formatted(where, method.name(), method.parameters(), limit));
            }
        }
        return wrong;
    }

    /// Line length (doc tables and addresses may be wider), tabs, trailing space, open ends.
    static List<String> lines(String path, String text) {
        var wrong = new ArrayList<String>();
        boolean java = path.endsWith(".java");
        int number = 0;
        for (String line : (Iterable<String>) text.lines()::iterator) {
            String where = path + ":" + ++number;
            boolean wide = line.contains("://") || line.strip().startsWith("/// |");
            if (java && !wide && line.codePointCount(0, line.length()) > COLUMNS) {
                wrong.add(where + " line length: over " + COLUMNS + " columns");
            }
            if (line.indexOf('\t') >= 0) {
                wrong.add(where + " tab");
            }
            if (!line.equals(line.stripTrailing())) {
                wrong.add(where + " trailing space");
            }
            if (line.startsWith("<<<<" + "<<<") || line.startsWith(">>>>" + ">>>")) {
                wrong.add(where + " mark of a merge conflict");
            }
            if (java && OPEN_END.matcher(line).find()) {
                wrong.add(where + " open end without an issue number: " + line.strip());
            }
        }
        return wrong;
    }

    /// Relative links of a Markdown file that lead nowhere.
    static List<String> links(Repository repository, String path) {
        int slash = path.lastIndexOf('/');
        String folder = slash < 0 ? "" : path.substring(0, slash + 1);
        return LINK.matcher(repository.text(path)).results()
                .map(link -> link.group(1))
                .filter(target -> !target.contains("://") && !target.startsWith("mailto:"))
                .filter(target -> !repository.exists(folder + target))
                .map(target -> "%s dead link: %s".formatted(path, target))
                .toList();
    }

    /// Modules with code and no descriptor. The benchmarks are run from the class path alone,
    /// because the code that JMH generates belongs to no module.
    static List<String> descriptors(Repository repository) {
        return repository.ending("/pom.xml").stream()
                .map(pom -> pom.substring(0, pom.length() - "pom.xml".length()))
                .filter(module -> !module.equals("benchmarks/"))
                .filter(module -> repository.files().stream()
                        .anyMatch(file -> file.startsWith(module + "src/main/java/")))
                .filter(module -> !repository.exists(module + "src/main/java/module-info.java"))
                .map(module -> module + " has code and no module-info.java")
                .toList();
    }

    /// Every rule over every file.
    static Stream<String> everything(Repository repository) {
        Stream<String> sources = repository.ending(".java").stream().flatMap(path -> {
            JavaSource source = JavaSource.of(path, repository.text(path));
            return Stream.of(typeNames(source), bannedCode(source), fileLength(source),
                    methods(source)).flatMap(List::stream);
        });
        Stream<String> texts = repository.files().stream()
                .flatMap(path -> lines(path, repository.text(path)).stream());
        Stream<String> documents = repository.ending(".md").stream()
                .flatMap(path -> links(repository, path).stream());
        return Stream.of(sources, texts, documents, descriptors(repository).stream())
                .flatMap(rule -> rule);
    }
}
