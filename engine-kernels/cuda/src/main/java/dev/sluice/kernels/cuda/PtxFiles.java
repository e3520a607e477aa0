package dev.sluice.kernels.cuda;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.gpu.KernelSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/// The compiled kernels that this module carries: PTX, one compressed file for each unit and
/// encoding, and a manifest of words:
///
///     nvcc VERSION | isa VERSION | cuda VERSION | driver VERSION
///     unit NAME ENCODING SHA256-OF-THE-SOURCE SHA256-OF-THE-PTX
///
/// `cuda` and `driver` are the oldest that take that PTX. All is written by `compile-kernels`.
/// Immutable.
final class PtxFiles {
    /// The encoding of a unit that reads no encoded rows.
    private static final String NO_ENCODING = "-";

    private final Map<String, String> facts;
    private final Map<String, UnitHashes> units;

    /// SHA-256 of what a unit was compiled from, and of what came out, in hexadecimal.
    record UnitHashes(String source, String ptx) { }

    private PtxFiles(Map<String, String> facts, Map<String, UnitHashes> units) {
        this.facts = Map.copyOf(facts);
        this.units = Map.copyOf(units);
    }

    static PtxFiles read() {
        var facts = new HashMap<String, String>();
        var units = new HashMap<String, UnitHashes>();
        for (String line : new String(bytes("manifest"), StandardCharsets.UTF_8).split("\n")) {
            String[] words = line.split(" ");
            if (words[0].equals("unit")) {
                units.put(words[1] + "-" + words[2], new UnitHashes(words[3], words[4]));
            } else {
                facts.put(words[0], words[1]);
            }
        }
        return new PtxFiles(facts, units);
    }

    /// The compiler's version.
    String compiler() { return facts.get("nvcc"); }

    /// The oldest driver, as its packages are numbered.
    String driver() { return facts.get("driver"); }

    /// The oldest CUDA version whose driver takes the PTX: 1000 * major + 10 * minor.
    int cudaVersion() {
        String[] parts = facts.get("cuda").split("\\.");
        return 1000 * Integer.parseInt(parts[0]) + 10 * Integer.parseInt(parts[1]);
    }

    /// Every unit of the manifest by its name, see [#name].
    Map<String, UnitHashes> units() { return units; }

    /// The name of a unit compiled for an encoding, which a unit without encoded rows ignores.
    static String name(KernelSource source, DType encoding) {
        return source.name().toLowerCase(Locale.ROOT) + "-"
                + (source.encoded() ? encoding.name() : NO_ENCODING);
    }

    /// The text of a unit.
    byte[] ptx(String unit) {
        if (!units.containsKey(unit)) {
            throw new IllegalArgumentException("no PTX of unit " + unit + ", there is "
                    + units.keySet());
        }
        return bytes(unit + ".ptx.gz");
    }

    private static byte[] bytes(String file) {
        try (InputStream raw = PtxFiles.class.getResourceAsStream(file);
                InputStream in = file.endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("compiled kernels " + file, e);
        }
    }
}
