package dev.sluice.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.spi.KernelBackendProvider;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;

/// Goal: a green build hides nothing. Method: runs last, reads the test reports of every module
/// and prints which tests did not run and why; with `-Dskips=fail` any such test fails the build.
/// The long tests (tag "soak") are printed but never counted: they have a profile of their own.
final class NotRunTest {
    /// In two pieces, or this class would count itself.
    private static final String SOAK = "@Tag(" + "\"soak\")";
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

    @Test
    void list_what_did_not_run() throws Exception {
        List<String> skipped = skippedTests();
        System.out.println("Not run by this build:");
        skipped.forEach(line -> System.out.println("  " + line));
        if (!Boolean.getBoolean("soak")) {
            long soaks = soakClasses();
            System.out.println("  " + soaks + " test classes with soaks (-Psoak runs them)");
        }
        if (System.getProperty("goldens", "").isEmpty()) {
            System.out.println("  goldens outside the repository (-Dgoldens=DIR runs them)");
        }
        for (KernelBackendProvider provider : Kernels.providers()) {
            if (provider.name().equals("cuda") && !provider.unavailableReason().isEmpty()) {
                System.out.println("  the contract and the goldens on cuda: "
                        + provider.unavailableReason() + " (-Drequire.backend=cuda makes it fail)");
            }
        }
        if (System.getProperty("jsonschema.suite", "").isEmpty()) {
            System.out.println("  JSON-Schema-Test-Suite (-Djsonschema.suite=DIR runs it)");
        }
        if ("fail".equals(System.getProperty("skips"))) {
            assertEquals(List.of(), skipped, "skipped tests, and -Dskips=fail");
        }
    }

    private static List<String> skippedTests() throws Exception {
        var skipped = new ArrayList<String>();
        try (Stream<Path> reports = Files.find(ROOT, 5, (path, _) ->
                path.getParent().endsWith("target/surefire-reports")
                && path.getFileName().toString().matches("TEST-.*\\.xml"))) {
            for (Path report : reports.sorted().toList()) {
                addSkipped(report.toFile(), skipped);
            }
        }
        return skipped;
    }

    private static void addSkipped(File report, List<String> to) throws Exception {
        var cases = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(report)
                .getElementsByTagName("testcase");
        for (int i = 0; i < cases.getLength(); i++) {
            Element test = (Element) cases.item(i);
            var marks = test.getElementsByTagName("skipped");
            if (marks.getLength() > 0) {
                to.add("%s.%s: %s".formatted(test.getAttribute("classname"),
                        test.getAttribute("name"),
                        reason((Element) marks.item(0))));
            }
        }
    }

    /// Of a test that gave up by an assumption, the reason stands before the stack trace.
    private static String reason(Element mark) {
        String message = mark.getAttribute("message");
        return message.isEmpty() ? mark.getTextContent().lines().findFirst().orElse("") : message;
    }

    private static long soakClasses() throws IOException {
        try (Stream<Path> sources = Files.find(ROOT, 20, (path, _) ->
                path.toString().endsWith("Test.java") && path.toString().contains("src"))) {
            long count = 0;
            for (Path source : sources.toList()) {
                count += Files.readString(source).contains(SOAK) ? 1 : 0;
            }
            return count;
        }
    }
}
