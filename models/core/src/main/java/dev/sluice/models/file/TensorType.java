package dev.sluice.models.file;

import dev.sluice.kernels.DType;
import java.util.Optional;

/// How a tensor's elements are stored in a file: every type of GGUF (`ggml.h`, ids in brackets
/// below) and of safetensors. Only those with a [DType] can be multiplied; the others are known so
/// that a file's layout can be checked and a refusal can name them.
public enum TensorType {
    F32(0, 1, 4), F16(1, 1, 2),
    Q4_0(2, 32, 18), Q4_1(3, 32, 20), Q5_0(6, 32, 22), Q5_1(7, 32, 24), Q8_0(8, 32, 34),
    Q8_1(9, 32, 36),
    Q2_K(10, 256, 84), Q3_K(11, 256, 110), Q4_K(12, 256, 144), Q5_K(13, 256, 176),
    Q6_K(14, 256, 210), Q8_K(15, 256, 292),
    IQ2_XXS(16, 256, 66), IQ2_XS(17, 256, 74), IQ3_XXS(18, 256, 98), IQ1_S(19, 256, 50),
    IQ4_NL(20, 32, 18), IQ3_S(21, 256, 110), IQ2_S(22, 256, 82), IQ4_XS(23, 256, 136),
    I8(24, 1, 1), I16(25, 1, 2), I32(26, 1, 4), I64(27, 1, 8), F64(28, 1, 8),
    IQ1_M(29, 256, 56), BF16(30, 1, 2),
    TQ1_0(34, 256, 54), TQ2_0(35, 256, 66),
    MXFP4(39, 32, 17), NVFP4(40, 64, 36), Q1_0(41, 128, 18), Q2_0(42, 64, 18),
    // From here on safetensors alone. Six- and four-bit floats are packed to whole bytes.
    BOOL(1, 1), U8(1, 1), U16(1, 2), U32(1, 4), U64(1, 8), C64(1, 8),
    F8_E4M3(1, 1), F8_E5M2(1, 1), F8_E8M0(1, 1), F6_E2M3(4, 3), F6_E3M2(4, 3), F4(2, 1);

    /// What [#dtype] can answer, for messages.
    static final String MULTIPLIED = "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, "
            + "Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4";

    private static final int SAFETENSORS_ONLY = -1;
    private static final TensorType[] ALL = values();

    private final int ggufId;
    private final int blockElements;
    private final int blockBytes;

    TensorType(int ggufId, int blockElements, int blockBytes) {
        this.ggufId = ggufId;
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    TensorType(int blockElements, int blockBytes) {
        this(SAFETENSORS_ONLY, blockElements, blockBytes);
    }

    /// Elements that are stored together; a row holds whole blocks.
    public int blockElements() { return blockElements; }

    public int blockBytes() { return blockBytes; }

    /// The engine's encoding with the same bytes; empty where the engine can not multiply it.
    /// F8_E4M3 is raw bytes here: its scales are another tensor, so it alone is not a matrix.
    public Optional<DType> dtype() {
        return Optional.ofNullable(switch (this) {
            case F32 -> DType.F32;
            case F16 -> DType.F16;
            case BF16 -> DType.BF16;
            case Q8_0 -> DType.Q8_0;
            case Q4_0 -> DType.Q4_0;
            case Q4_1 -> DType.Q4_1;
            case Q5_0 -> DType.Q5_0;
            case Q5_1 -> DType.Q5_1;
            case Q2_K -> DType.Q2_K;
            case Q3_K -> DType.Q3_K;
            case Q4_K -> DType.Q4_K;
            case Q5_K -> DType.Q5_K;
            case Q6_K -> DType.Q6_K;
            case IQ4_NL -> DType.IQ4_NL;
            case IQ4_XS -> DType.IQ4_XS;
            case MXFP4 -> DType.MXFP4;
            case Q8_1, Q8_K, IQ2_XXS, IQ2_XS, IQ3_XXS, IQ1_S, IQ3_S, IQ2_S, IQ1_M, TQ1_0, TQ2_0,
                    NVFP4, Q1_0, Q2_0, I8, I16, I32, I64, F64, BOOL, U8, U16, U32, U64, C64,
                    F8_E4M3, F8_E5M2, F8_E8M0, F6_E2M3, F6_E3M2, F4 -> null;
        });
    }

    /// The GGUF type with this id; empty for ids that were removed or are not known.
    static Optional<TensorType> ofGgufId(int id) {
        for (TensorType type : ALL) {
            if (type.ggufId == id && id != SAFETENSORS_ONLY) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /// The safetensors dtype of this name; empty for names that are not known.
    static Optional<TensorType> ofSafetensors(String name) {
        for (TensorType type : ALL) {
            if (type.name().equals(name) && type.inSafetensors()) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /// The id in GGUF files, for writers.
    Optional<Integer> ggufId() {
        return ggufId == SAFETENSORS_ONLY ? Optional.empty() : Optional.of(ggufId);
    }

    private boolean inSafetensors() {
        return ggufId == SAFETENSORS_ONLY || switch (this) {
            case F32, F16, BF16, I8, I16, I32, I64, F64 -> true;
            default -> false;
        };
    }
}
