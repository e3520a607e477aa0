package dev.sluice.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.gpu.GpuKernel;
import dev.sluice.kernels.gpu.KernelSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Goal: the PTX that is shipped is what the present source gives. Method: hashes of the source in
/// every build; where the compiler of the manifest's version is at hand, all is compiled again.
class PtxFilesTest {
    private static final Path FOLDER =
            Path.of("src/main/resources/dev/sluice/kernels/cuda").toAbsolutePath();
    private static final String STALE =
            "the kernel source has changed: run engine-kernels/cuda/compile-kernels";

    private final PtxFiles files = PtxFiles.read();

    private static String hash(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    @Test
    @DisplayName("every unit was compiled from the present source, and is what was compiled")
    void hashes() throws Exception {
        var seen = new TreeSet<String>();
        for (KernelSource source : KernelSource.values()) {
            for (DType encoding : DType.values()) {
                String name = PtxFiles.name(source, encoding);
                PtxFiles.UnitHashes unit = files.units().get(name);
                if (unit != null && seen.add(name)) {
                    assertEquals(hash(source.text(encoding).getBytes(StandardCharsets.UTF_8)),
                            unit.source(), name + ": " + STALE);
                    assertEquals(hash(files.ptx(name)), unit.ptx(), name + ": damaged");
                }
            }
        }
        assertEquals(new TreeSet<>(files.units().keySet()), seen, STALE);
    }

    @Test
    @DisplayName("every kernel is in its unit's PTX, which is for Ampere and for old drivers")
    void entries() {
        for (GpuKernel kernel : GpuKernel.values()) {
            byte[] ptx = files.ptx(PtxFiles.name(kernel.source(), DType.F16));
            assertTrue(PtxEntry.parse(ptx).containsKey(kernel.symbol()), kernel.symbol());
            String text = new String(ptx, StandardCharsets.UTF_8);
            assertTrue(text.contains("\n.version 8.0\n"), kernel.symbol());
            assertTrue(text.contains("\n.target sm_80\n"), kernel.symbol());
        }
        assertEquals(12000, files.cudaVersion());
    }

    @Test
    @DisplayName("the same compiler makes the same PTX of the present source")
    void regenerated(@TempDir Path made) throws Exception {
        if (!compilerVersion().equals(files.compiler())) {
            System.out.printf("PTX not compiled again: nvcc is '%s', the manifest's is %s%n",
                    compilerVersion(), files.compiler());
            return;
        }
        Process run = new ProcessBuilder("../cuda/compile-kernels", made.toString())
                .redirectErrorStream(true).start();
        String output = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, run.waitFor(), output);
        assertEquals(contents(FOLDER), contents(made), STALE);
    }

    private static Map<String, String> contents(Path folder) throws Exception {
        var contents = new TreeMap<String, String>();
        try (var all = Files.list(folder)) {
            for (Path file : all.toList()) {
                contents.put(file.getFileName().toString(), hash(Files.readAllBytes(file)));
            }
        }
        return contents;
    }

    /// As the manifest writes it; empty without a compiler.
    private static String compilerVersion() throws Exception {
        try {
            Process run = new ProcessBuilder("nvcc", "--version").redirectErrorStream(true).start();
            String text = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            run.waitFor();
            return text.lines().filter(line -> line.contains(", V"))
                    .map(line -> line.substring(line.lastIndexOf(", V") + 3).strip())
                    .findFirst().orElse("");
        } catch (IOException _) {
            return "";
        }
    }
}
