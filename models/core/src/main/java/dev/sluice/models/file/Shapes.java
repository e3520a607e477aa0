package dev.sluice.models.file;

import dev.sluice.models.MalformedModelException;
import java.nio.file.Path;
import java.util.Arrays;

/// Sizes of shapes that a file claims.
final class Shapes {
    private Shapes() { }

    /// Bytes of a tensor with these non-negative dims; a size beyond 2^63 - 1, also of a partial
    /// product, is an error at `offset`.
    static long byteSize(Path path, long offset, String name, TensorType type, long[] dims) {
        try {
            long elements = 1;
            for (long dim : dims) {
                elements = Math.multiplyExact(elements, dim);
            }
            if (elements % type.blockElements() != 0) {
                throw new MalformedModelException(path, offset,
                        "tensor %s %s is not whole blocks of %d (%s)".formatted(Quoted.text(name),
                                Arrays.toString(dims), type.blockElements(), type));
            }
            return Math.multiplyExact(elements / type.blockElements(), (long) type.blockBytes());
        } catch (ArithmeticException _) {
            throw new MalformedModelException(path, offset, "tensor %s %s is larger than 2^63 bytes"
                    .formatted(Quoted.text(name), Arrays.toString(dims)));
        }
    }
}
