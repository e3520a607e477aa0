package dev.sluice.models.file;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.Matrix;
import dev.sluice.models.MalformedModelException;
import dev.sluice.models.UnsupportedModelException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;

/// One tensor of a model file, mapped and not read. The opened file owns the memory, and the tensor
/// is readable until that is closed. Immutable, any thread.
///
/// `dims` has the fastest-varying dimension first, as GGUF's `ne`: a weight [out, in] of a paper or
/// of safetensors has dims [in, out], stacked experts [in, out, experts]. `memory` is the mapping
/// of the whole of `file`, so `byteOffset` is the tensor's place in both.
public record FileTensor(
        String name, TensorType type, long[] dims, Path file, MemorySegment memory,
        long byteOffset) {

    public FileTensor {
        dims = dims.clone();
    }

    @Override
    public long[] dims() { return dims.clone(); }

    /// Dimensions as stored; a scalar of safetensors has none.
    public int rank() { return dims.length; }

    /// The size along dimension `index`, 1 for dimensions that the file does not list.
    public long dim(int index) { return index < dims.length ? dims[index] : 1; }

    public long elements() {
        long product = 1;
        for (long dim : dims) {
            product *= dim;         // The reader has checked that this fits.
        }
        return product;
    }

    public long byteSize() {
        return elements() / type.blockElements() * type.blockBytes();
    }

    /// The stored bytes alone.
    public MemorySegment bytes() { return memory.asSlice(byteOffset, byteSize()); }

    /// A view [rows, cols] with cols = dims[0] and rows = the product of the others; nothing is
    /// copied. Stacked experts [in, out, experts] give experts * out rows, expert after expert.
    ///
    /// Throws [UnsupportedModelException] for a type that the engine can not multiply and for more
    /// than 2^31-1 rows or columns, [MalformedModelException] for a tensor without elements.
    public Matrix matrix() {
        DType dtype = type.dtype().orElseThrow(() -> new UnsupportedModelException(
                "%s: tensor %s has type %s; types that can be multiplied: %s"
                        .formatted(file, Quoted.text(name), type, TensorType.MULTIPLIED)));
        if (elements() == 0) {
            throw new MalformedModelException(file, byteOffset,
                    "tensor %s %s has no elements".formatted(Quoted.text(name), shape()));
        }
        long cols = dim(0);
        long rows = elements() / cols;
        if (cols > Integer.MAX_VALUE || rows > Integer.MAX_VALUE) {
            throw new UnsupportedModelException(
                    "%s: tensor %s %s has more than %d rows or columns".formatted(
                            file, Quoted.text(name), shape(), Integer.MAX_VALUE));
        }
        return Matrix.of(dtype, (int) rows, (int) cols, memory, byteOffset);
    }

    /// The dims as text, `[4096, 512]`.
    public String shape() { return Arrays.toString(dims); }

    @Override
    public String toString() {
        return "%s %s %s at byte %d of %s".formatted(name, type, shape(), byteOffset, file);
    }
}
