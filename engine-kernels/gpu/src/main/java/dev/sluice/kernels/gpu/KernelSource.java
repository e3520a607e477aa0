package dev.sluice.kernels.gpu;

import dev.sluice.kernels.DType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/// The units of kernel source: files beside this class, in the C dialect of `dialect.h`, which is
/// OpenCL C and CUDA C++ alike. A unit that reads encoded rows is compiled once for each encoding.
public enum KernelSource {
    ROWS("rows.cl", false),
    STAGE("stage.cl", false),
    PRODUCTS("products.cl", true),
    ROTARY("rotary.cl", false),
    ATTENTION("attention.cl", true),
    EXPERTS("experts.cl", false);

    private final String file;
    private final boolean encoded;

    KernelSource(String file, boolean encoded) {
        this.file = file;
        this.encoded = encoded;
    }

    /// Whether the unit is compiled once for each encoding.
    public boolean encoded() { return encoded; }

    /// The whole text of the unit for one encoding, which an unencoded unit ignores: the dialect,
    /// the encoding where it is needed, and the kernels.
    public String text(DType encoding) {
        return encoded
                ? "#define ENCODING_" + encoding + " 1\n" + read("dialect.h") + read("encodings.h")
                        + read(file)
                : read("dialect.h") + read(file);
    }

    private static String read(String name) {
        try (InputStream in = KernelSource.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("kernel source " + name, e);
        }
    }
}
