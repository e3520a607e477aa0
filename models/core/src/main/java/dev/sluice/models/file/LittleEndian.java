package dev.sluice.models.file;

/// Little-endian integers in byte arrays.
final class LittleEndian {
    private LittleEndian() { }

    static int i32(byte[] bytes, int at) {
        return (bytes[at] & 0xFF) | (bytes[at + 1] & 0xFF) << 8 | (bytes[at + 2] & 0xFF) << 16
                | bytes[at + 3] << 24;
    }
}
