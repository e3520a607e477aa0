package dev.sluice.models.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// Goal: a type has one size, whether a file's layout or a kernel asks, and ids and names lead back
/// to their type.
class TensorTypeTest {
    @Test
    void sizesAgreeWithTheEngine() {
        for (TensorType type : TensorType.values()) {
            type.dtype().ifPresent(dtype -> {
                assertEquals(dtype.blockElements(), type.blockElements(), type.name());
                assertEquals(dtype.blockBytes(), type.blockBytes(), type.name());
                assertEquals(dtype.name(), type.name());
                assertTrue((TensorType.MULTIPLIED + ",").contains(type + ","), type.name());
            });
        }
        long multiplied = Arrays.stream(TensorType.values())
                .filter(type -> type.dtype().isPresent()).count();
        assertEquals(TensorType.MULTIPLIED.split(", ").length, multiplied);
    }

    @Test
    void idsAndNamesLeadBack() {
        for (TensorType type : TensorType.values()) {
            type.ggufId().ifPresent(id ->
                    assertEquals(type, TensorType.ofGgufId(id).orElseThrow()));
            if (type.ggufId().isEmpty()) {
                assertEquals(type, TensorType.ofSafetensors(type.name()).orElseThrow());
            }
        }
        assertTrue(TensorType.ofGgufId(-1).isEmpty());
        assertTrue(TensorType.ofSafetensors("Q8_0").isEmpty());
        assertEquals(TensorType.BF16, TensorType.ofSafetensors("BF16").orElseThrow());
    }
}
