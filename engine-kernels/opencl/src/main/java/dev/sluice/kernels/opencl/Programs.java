package dev.sluice.kernels.opencl;

import dev.sluice.kernels.DType;
import dev.sluice.kernels.DeviceException;
import dev.sluice.kernels.gpu.GpuKernel;
import dev.sluice.kernels.gpu.KernelSource;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lwjgl.PointerBuffer;
import org.lwjgl.opencl.CL10;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;

/// The compiled kernels of one context, each unit compiled when one of its kernels is first used.
/// Engine thread only.
final class Programs implements AutoCloseable {
    private static final DType[] ENCODINGS = DType.values();

    private final long context;
    private final DeviceDescription device;
    private final ProgramCache cache;
    private final String options;
    private final Map<String, Long> programs = new HashMap<>();
    private final long[] kernels = new long[GpuKernel.values().length * ENCODINGS.length];
    private final List<Long> made = new ArrayList<>();

    Programs(long context, DeviceDescription device, ProgramCache cache) {
        this.context = context;
        this.device = device;
        this.cache = cache;
        options = device.integerDot() ? "-cl-std=CL3.0 -DINTEGER_DOT" : "-cl-std=CL1.2";
    }

    /// The handle of a kernel; every unencoded kernel has the same for all encodings.
    long kernel(GpuKernel kernel, DType encoding) {
        DType variant = kernel.source().encoded() ? encoding : DType.F32;
        int index = kernel.ordinal() * ENCODINGS.length + variant.ordinal();
        if (kernels[index] == 0) {
            kernels[index] = create(kernel, program(kernel.source(), variant));
        }
        return kernels[index];
    }

    private long create(GpuKernel kernel, long program) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            IntBuffer status = stack.mallocInt(1);
            long handle = CL10.clCreateKernel(program, kernel.symbol(), status);
            ClStatus.require(status.get(0), "clCreateKernel " + kernel.symbol());
            made.add(handle);
            return handle;
        }
    }

    private long program(KernelSource source, DType variant) {
        String name = source + " " + variant;
        Long known = programs.get(name);
        if (known == null) {
            known = build(source.text(variant), name);
            programs.put(name, known);
        }
        return known;
    }

    private long build(String text, String name) {
        String key = ProgramCache.key(device.name(), device.version(), device.driver(), options,
                text);
        Optional<byte[]> binary = cache.find(key);
        if (binary.isPresent()) {
            long program = fromBinary(binary.get());
            if (program != 0) {
                return program;
            }
            cache.discard(key, "the driver refuses it");
        }
        long program = fromSource(text, name);
        cache.put(key, binary(program));
        return program;
    }

    /// 0 when the driver does not take it.
    private long fromBinary(byte[] bytes) {
        ByteBuffer binary = MemoryUtil.memAlloc(bytes.length).put(bytes).flip();
        try (MemoryStack stack = MemoryStack.stackPush()) {
            IntBuffer status = stack.mallocInt(1);
            IntBuffer binaryStatus = stack.callocInt(1);
            long program = CL10.nclCreateProgramWithBinary(context, 1,
                    stack.pointers(device.id()).address(),
                    stack.pointers((long) bytes.length).address(),
                    stack.pointers(MemoryUtil.memAddress(binary)).address(),
                    MemoryUtil.memAddress(binaryStatus), MemoryUtil.memAddress(status));
            if (status.get(0) != ClStatus.SUCCESS || binaryStatus.get(0) != ClStatus.SUCCESS) {
                return 0;
            }
            if (CL10.clBuildProgram(program, device.id(), options, null, 0)
                    != ClStatus.SUCCESS) {
                CL10.clReleaseProgram(program);
                return 0;
            }
            return program;
        } finally {
            MemoryUtil.memFree(binary);
        }
    }

    private long fromSource(String text, String name) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            IntBuffer status = stack.mallocInt(1);
            long program = CL10.clCreateProgramWithSource(context, text, status);
            ClStatus.require(status.get(0), "clCreateProgramWithSource " + name);
            int built = CL10.clBuildProgram(program, device.id(), options, null, 0);
            if (built != ClStatus.SUCCESS) {
                String log = log(program);
                CL10.clReleaseProgram(program);
                throw new DeviceException("%s of kernel unit %s:%n%s".formatted(
                        ClStatus.failure(built, "clBuildProgram").getMessage(), name, log));
            }
            return program;
        }
    }

    private String log(long program) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            PointerBuffer size = stack.callocPointer(1);
            CL10.clGetProgramBuildInfo(program, device.id(), CL10.CL_PROGRAM_BUILD_LOG,
                    (ByteBuffer) null, size);
            ByteBuffer text = MemoryUtil.memCalloc(Math.toIntExact(size.get(0)) + 1);
            try {
                CL10.clGetProgramBuildInfo(program, device.id(), CL10.CL_PROGRAM_BUILD_LOG, text,
                        null);
                return MemoryUtil.memUTF8(MemoryUtil.memAddress(text));
            } finally {
                MemoryUtil.memFree(text);
            }
        }
    }

    private byte[] binary(long program) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            PointerBuffer size = stack.callocPointer(1);
            ClStatus.require(CL10.clGetProgramInfo(program, CL10.CL_PROGRAM_BINARY_SIZES, size,
                    null), "clGetProgramInfo of the binary's size");
            ByteBuffer bytes = MemoryUtil.memAlloc(Math.toIntExact(size.get(0)));
            try {
                PointerBuffer at = stack.pointers(MemoryUtil.memAddress(bytes));
                ClStatus.require(CL10.clGetProgramInfo(program, CL10.CL_PROGRAM_BINARIES, at,
                        null), "clGetProgramInfo of the binary");
                byte[] out = new byte[bytes.capacity()];
                bytes.get(0, out);
                return out;
            } finally {
                MemoryUtil.memFree(bytes);
            }
        }
    }

    @Override
    public void close() {
        made.forEach(CL10::clReleaseKernel);
        programs.values().forEach(CL10::clReleaseProgram);
    }
}
