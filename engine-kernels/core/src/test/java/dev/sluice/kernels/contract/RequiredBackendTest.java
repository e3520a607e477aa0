package dev.sluice.kernels.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.BackendUnavailableException;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.spi.KernelBackendProvider;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

/// Goal: a required backend can not be skipped, and `auto` never takes the oracle. Method: names
/// that are there and a name that is not.
class RequiredBackendTest {
    @Test
    @DisplayName("a backend that is missing is skipped with the reason, or fails where required")
    void missing() {
        var skipped = assertThrows(TestAbortedException.class,
                () -> RequiredBackend.open("abacus", "").close());
        assertTrue(skipped.getMessage().contains("backend abacus: no provider"),
                skipped.getMessage());
        assertThrows(TestAbortedException.class,
                () -> RequiredBackend.open("abacus", "vector").close());
        var failed = assertThrows(AssertionError.class,
                () -> RequiredBackend.open("abacus:1", "abacus").close());
        assertTrue(failed.getMessage().contains("require.backend=abacus"), failed.getMessage());
    }

    @Test
    @DisplayName("a backend that is there opens, with or without a device number")
    void present() {
        for (String name : new String[] {"reference", "reference:0"}) {
            try (var backend = RequiredBackend.open(name, "reference")) {
                assertEquals("reference", backend.name());
            }
        }
    }

    @Test
    @DisplayName("the oracle is found by name, is never preferred, and unknown names are refused")
    void provider() {
        KernelBackendProvider last = Kernels.providers().getLast();
        assertEquals("reference", last.name());
        assertTrue(last.preference() < 0, "auto must not choose the oracle");
        assertEquals("", last.unavailableReason());
        var error = assertThrows(BackendUnavailableException.class,
                () -> Kernels.open("abacus", BackendOptions.defaults()));
        assertTrue(error.getMessage().contains("reference"), error.getMessage());
    }
}
