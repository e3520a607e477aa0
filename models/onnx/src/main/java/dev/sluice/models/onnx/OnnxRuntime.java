package dev.sluice.models.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The one door to ONNX Runtime's library. From 1.29 on it sends telemetry and writes a device id
/// into the home folder, unless `ORT_DISABLE_TELEMETRY` is in the environment of the process before
/// the library is loaded; Java can not change its environment, so `setenv` is called directly.
/// Nothing else in this project may touch `OrtEnvironment` first. Any thread.
public final class OnnxRuntime {
    private OnnxRuntime() { }

    /// Loaded once, when first asked for.
    private static final class Holder {
        static final OrtEnvironment ENVIRONMENT = quiet();

        private static OrtEnvironment quiet() {
            forbidTelemetry();
            OrtEnvironment environment = OrtEnvironment.getEnvironment(
                    OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "sluice");
            try {
                // What Windows builds ask.
                environment.setTelemetry(false);
            } catch (OrtException e) {
                throw new IllegalStateException("telemetry can not be switched off: "
                        + e.getMessage(), e);
            }
            return environment;
        }
    }

    /// Telemetry off, then the library.
    static OrtEnvironment environment() {
        return Holder.ENVIRONMENT;
    }

    /// Switches telemetry off and loads the library, for whoever uses it through others.
    public static String version() {
        return environment().getVersion();
    }

    // The launcher and every other way to start us allow native access.
    @SuppressWarnings("restricted")
    private static void forbidTelemetry() {
        Linker linker = Linker.nativeLinker();
        linker.defaultLookup().find("setenv").ifPresent(setenv -> {
            var descriptor = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment name = arena.allocateFrom("ORT_DISABLE_TELEMETRY");
                int failed = (int) linker.downcallHandle(setenv, descriptor)
                        .invokeExact(name, arena.allocateFrom("1"), 1);
                if (failed != 0) {
                    throw new IllegalStateException("setenv refused ORT_DISABLE_TELEMETRY");
                }
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
