package dev.sluice.benchmarks.tidy;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import org.junit.jupiter.api.Test;

/// Goal: imports go one way, kernels <- router <- models <- runtime <- bridge. Method: ArchUnit
/// over the compiled classes of every module; the module descriptors say the same to javac, but a
/// class-path run would not notice a descriptor that was widened.
final class ModuleOrderTest {
    private static final String[] PARTS = {"kernels", "router", "models", "runtime", "bridge"};

    @Test
    void each_part_sees_only_the_parts_before_it() {
        JavaClasses classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("dev.sluice.kernels", "dev.sluice.router", "dev.sluice.models",
                        "dev.sluice.runtime", "dev.sluice.bridge");
        assertTrue(classes.size() > 40, "only " + classes.size() + " classes seen");
        order(PARTS).check(classes);
        // The rule can fail: in the order backwards everything is wrong.
        String[] backwards = {"bridge", "runtime", "models", "router", "kernels"};
        assertThrows(AssertionError.class, () -> order(backwards).check(classes));
    }

    private static LayeredArchitecture order(String[] parts) {
        LayeredArchitecture rule = layeredArchitecture().consideringOnlyDependenciesInLayers();
        for (String part : parts) {
            rule = rule.layer(part).definedBy("dev.sluice." + part + "..");
        }
        for (int i = 0; i < parts.length; i++) {
            String[] before = java.util.Arrays.copyOf(parts, i);
            rule = i == 0 ? rule.whereLayer(parts[i]).mayNotAccessAnyLayer()
                    : rule.whereLayer(parts[i]).mayOnlyAccessLayers(before);
        }
        return rule;
    }
}
