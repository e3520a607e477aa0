package dev.sluice.models.file;

import java.util.Optional;

/// Types of GGUF metadata values, in the order of their ids 0 to 12.
public enum GgufType {
    U8(1), I8(1), U16(2), I16(2), U32(4), I32(4), F32(4), BOOL(1), STRING(0), ARRAY(0),
    U64(8), I64(8), F64(8);

    private static final GgufType[] BY_ID = values();

    private final int bytes;

    GgufType(int bytes) {
        this.bytes = bytes;
    }

    /// Bytes of one value; 0 for strings and arrays, which say their own length.
    int bytes() { return bytes; }

    boolean integral() {
        return switch (this) {
            case U8, I8, U16, I16, U32, I32, U64, I64 -> true;
            case F32, F64, BOOL, STRING, ARRAY -> false;
        };
    }

    static Optional<GgufType> ofId(int id) {
        return id >= 0 && id < BY_ID.length ? Optional.of(BY_ID[id]) : Optional.empty();
    }
}
