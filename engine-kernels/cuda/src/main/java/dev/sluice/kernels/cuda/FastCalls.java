package dev.sluice.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/// The two calls that every launch makes, by `java.lang.foreign`: JCuda would want an object for
/// each argument, and convert it by way of JNI. Any thread.
final class FastCalls {
    private final MethodHandle launchKernel;
    private final MethodHandle setCurrent;

    /// @throws UnsatisfiedLinkError  when the library lacks one of them
    FastCalls(SymbolLookup driver) {
        // f, grid x y z, block x y z, shared memory, stream, parameters, extra
        launchKernel = handle(driver, "cuLaunchKernel", FunctionDescriptor.of(JAVA_INT,
                JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
                JAVA_LONG, ADDRESS, JAVA_LONG));
        setCurrent = handle(driver, "cuCtxSetCurrent",
                FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    }

    /// Both are declared in `cuda.h` as the descriptors say.
    @SuppressWarnings("restricted")
    private static MethodHandle handle(SymbolLookup driver, String name,
            FunctionDescriptor signature) {
        return Linker.nativeLinker().downcallHandle(
                driver.find(name).orElseThrow(() -> new UnsatisfiedLinkError(
                        "the driver's library has no " + name)), signature);
    }

    /// The status code.
    int launch(long function, CudaDriver.Grid grid, long stream, MemorySegment parameters) {
        try {
            return (int) launchKernel.invokeExact(function, grid.groupsX, grid.groupsY, 1,
                    grid.lanes, 1, 1, grid.localBytes, stream, parameters, 0L);
        } catch (Throwable e) {
            throw new AssertionError("a call by java.lang.foreign throws nothing", e);
        }
    }

    /// The status code.
    int setCurrent(long context) {
        try {
            return (int) setCurrent.invokeExact(context);
        } catch (Throwable e) {
            throw new AssertionError("a call by java.lang.foreign throws nothing", e);
        }
    }
}
