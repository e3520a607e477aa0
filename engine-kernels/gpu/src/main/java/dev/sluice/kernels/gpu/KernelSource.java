package dev.sluice.kernels.gpu;

import dev.sluice.kernels.DType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// The units of kernel source: files beside this class, in the C dialect of `dialect.h`, which is
/// OpenCL C and CUDA C++ alike. A unit that reads encoded rows is compiled once for each encoding.
public enum KernelSource {
    ROWS(false, "rows.cl"),
    STAGE(false, "stage.cl"),
    ROTARY(false, "rotary.cl"),
    EXPERTS(false, "experts.cl"),
    ATTENTION(true, "encodings.h", "attention.cl"),
    PRODUCTS(true, "encodings.h", "tiles.h", "products.cl"),
    GROUPED(true, "encodings.h", "tiles.h", "grouped.cl");

    private final boolean encoded;
    private final List<String> files;

    KernelSource(boolean encoded, String... files) {
        this.encoded = encoded;
        this.files = List.of(files);
    }

    /// Whether the unit is compiled once for each encoding.
    public boolean encoded() { return encoded; }

    /// The whole text of the unit for one encoding, which an unencoded unit ignores.
    public String text(DType encoding) {
        var text = new StringBuilder(
                encoded ? "#define ENCODING_" + encoding + " 1\n" : "").append(read("dialect.h"));
        for (String file : files) {
            text.append(read(file));
        }
        return text.toString();
    }

    private static String read(String name) {
        try (InputStream in = KernelSource.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("kernel source " + name, e);
        }
    }
}
