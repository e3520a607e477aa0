package dev.sluice.models.onnx;

import ai.djl.engine.Engine;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;

/// The one door to ONNX Runtime's library, and to DJL's engine on it. From 1.29 on the library
/// sends telemetry and writes a device id into the home folder, unless `ORT_DISABLE_TELEMETRY` is
/// in the environment of the process before it is loaded; Java can not change its environment, so
/// `setenv` is called directly. Nothing else in this project may touch `OrtEnvironment` first. Any
/// thread.
public final class OnnxRuntime {
    /// Of the C API's table of functions, which only ever grows: `CreateEnv` is the fourth.
    private static final int CREATE_ENVIRONMENT = 3;
    private static final int API_VERSION = 22;
    private static final int LOG_ERRORS = 3;

    private OnnxRuntime() { }

    /// Loaded once, when first asked for.
    private static final class Holder {
        static final OrtEnvironment ENVIRONMENT = quiet();

        private static OrtEnvironment quiet() {
            forbidTelemetry();
            // Loading DJL probes the cloud's metadata service and reports the use, unless this is
            // set first; offline, it downloads nothing.
            System.setProperty("OPT_OUT_TRACKING", "true");
            System.setProperty("ai.djl.offline", "true");
            // It insists on making the environment, of which there is one, with options of its own.
            Engine.getEngine("OnnxRuntime");
            OrtEnvironment environment = OrtEnvironment.getEnvironment();
            try {
                // What Windows builds ask.
                environment.setTelemetry(false);
            } catch (OrtException e) {
                throw new IllegalStateException("telemetry can not be switched off: "
                        + e.getMessage(), e);
            }
            keep();
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

    private static void forbidTelemetry() {
        Linker.nativeLinker().defaultLookup().find("setenv").ifPresent(setenv -> {
            var descriptor = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
            try (Arena arena = Arena.ofConfined()) {
                int failed = (int) call(setenv, descriptor,
                        arena.allocateFrom("ORT_DISABLE_TELEMETRY"), arena.allocateFrom("1"), 1);
                if (failed != 0) {
                    throw new IllegalStateException("setenv refused ORT_DISABLE_TELEMETRY");
                }
            }
        });
    }

    /// The Java binding frees the environment when the JVM ends, also under a run that is still
    /// going, which then crashes instead of being cut off. Environments are counted, so one more,
    /// made by the C API, keeps it until the process is gone.
    private static void keep() {
        SymbolLookup.loaderLookup().find("OrtGetApiBase").ifPresent(entry -> {
            try (Arena arena = Arena.ofConfined()) {
                var base = (MemorySegment) call(entry, FunctionDescriptor.of(ValueLayout.ADDRESS));
                MemorySegment getApi = pointer(base, 0);
                var api = (MemorySegment) call(getApi, FunctionDescriptor.of(ValueLayout.ADDRESS,
                        ValueLayout.JAVA_INT), API_VERSION);
                MemorySegment createEnvironment = pointer(api, CREATE_ENVIRONMENT);
                call(createEnvironment, FunctionDescriptor.of(ValueLayout.ADDRESS,
                                ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS),
                        LOG_ERRORS, arena.allocateFrom("sluice"),
                        arena.allocate(ValueLayout.ADDRESS));
            }
        });
    }

    /// Pointer `index` of a table of functions.
    @SuppressWarnings("restricted")
    private static MemorySegment pointer(MemorySegment table, int index) {
        long offset = index * ValueLayout.ADDRESS.byteSize();
        return table.reinterpret(offset + ValueLayout.ADDRESS.byteSize())
                .get(ValueLayout.ADDRESS, offset);
    }

    // The launcher and every other way to start us allow native access.
    @SuppressWarnings("restricted")
    private static Object call(
            MemorySegment function, FunctionDescriptor descriptor, Object... arguments) {
        try {
            return Linker.nativeLinker().downcallHandle(function, descriptor)
                    .invokeWithArguments(arguments);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
