package dev.sluice.kernels.opencl;

import static org.lwjgl.opencl.CL10.CL_DEVICE_COMPILER_AVAILABLE;
import static org.lwjgl.opencl.CL10.CL_DEVICE_ADDRESS_BITS;
import static org.lwjgl.opencl.CL10.CL_DEVICE_ENDIAN_LITTLE;
import static org.lwjgl.opencl.CL10.CL_DEVICE_EXTENSIONS;
import static org.lwjgl.opencl.CL10.CL_DEVICE_GLOBAL_MEM_SIZE;
import static org.lwjgl.opencl.CL10.CL_DEVICE_LOCAL_MEM_SIZE;
import static org.lwjgl.opencl.CL10.CL_DEVICE_MAX_COMPUTE_UNITS;
import static org.lwjgl.opencl.CL10.CL_DEVICE_MAX_MEM_ALLOC_SIZE;
import static org.lwjgl.opencl.CL10.CL_DEVICE_MAX_WORK_GROUP_SIZE;
import static org.lwjgl.opencl.CL10.CL_DEVICE_NAME;
import static org.lwjgl.opencl.CL10.CL_DEVICE_TYPE;
import static org.lwjgl.opencl.CL10.CL_DEVICE_TYPE_ALL;
import static org.lwjgl.opencl.CL10.CL_DEVICE_TYPE_CPU;
import static org.lwjgl.opencl.CL10.CL_DEVICE_TYPE_GPU;
import static org.lwjgl.opencl.CL10.CL_DEVICE_VERSION;
import static org.lwjgl.opencl.CL10.CL_DRIVER_VERSION;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import org.lwjgl.PointerBuffer;
import org.lwjgl.opencl.CL10;
import org.lwjgl.system.Configuration;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.system.Platform;

/// Every OpenCL device of the machine, GPUs first, or the reason why there is none.
///
/// @param devices  in the order of `--backend opencl:N`
/// @param fault    why the list is empty; empty when it is not
record DeviceList(List<DeviceDescription> devices, String fault) {
    private static final int NO_PLATFORM = -1001;
    private static final int NO_DEVICE = -1;
    /// What the kernels of the shared source need of a device.
    private static final long LOCAL_BYTES_MIN = 24 << 10;
    private static final long GROUP_LANES_MIN = 128;

    /// Asks the drivers. The first call loads the library and every driver, which takes up to a
    /// second.
    static DeviceList read() {
        if (Platform.get() == Platform.LINUX
                && Configuration.OPENCL_LIBRARY_NAME.get(null) == null) {
            // The name that a machine without development files has.
            Configuration.OPENCL_LIBRARY_NAME.set("libOpenCL.so.1");
        }
        try {
            return ask();
        } catch (LinkageError e) {
            Throwable first = e.getCause() == null ? e : e.getCause();
            return new DeviceList(List.of(),
                    "the OpenCL loader (libOpenCL) can not be loaded: "
                            + String.valueOf(first.getMessage()).lines().findFirst().orElse(""));
        }
    }

    private static DeviceList ask() {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            IntBuffer count = stack.mallocInt(1);
            int status = CL10.clGetPlatformIDs(null, count);
            if (status == NO_PLATFORM || status == ClStatus.SUCCESS && count.get(0) == 0) {
                return new DeviceList(List.of(), "the OpenCL loader is there, but no driver is "
                        + "registered with it (see /etc/OpenCL/vendors)");
            }
            if (status != ClStatus.SUCCESS) {
                return new DeviceList(List.of(),
                        ClStatus.failure(status, "clGetPlatformIDs").getMessage());
            }
            PointerBuffer platforms = stack.mallocPointer(count.get(0));
            ClStatus.require(CL10.clGetPlatformIDs(platforms, (IntBuffer) null),
                    "clGetPlatformIDs");
            var devices = new ArrayList<DeviceDescription>();
            for (int i = 0; i < platforms.capacity(); i++) {
                addDevices(platforms.get(i), devices);
            }
            devices.sort((a, b) -> rank(a) - rank(b));
            return new DeviceList(devices, devices.isEmpty()
                    ? "%d OpenCL drivers, none of which has a device".formatted(count.get(0)) : "");
        }
    }

    private static int rank(DeviceDescription device) {
        return (device.usable() ? 0 : 2) + (device.kind().equals("GPU") ? 0 : 1);
    }

    private static void addDevices(long platform, List<DeviceDescription> devices) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            IntBuffer count = stack.mallocInt(1);
            int status = CL10.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, null, count);
            if (status == NO_DEVICE || count.get(0) == 0) {
                return;
            }
            ClStatus.require(status, "clGetDeviceIDs");
            PointerBuffer ids = stack.mallocPointer(count.get(0));
            ClStatus.require(CL10.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, ids,
                    (IntBuffer) null), "clGetDeviceIDs");
            for (int i = 0; i < ids.capacity(); i++) {
                devices.add(describe(platform, ids.get(i)));
            }
        }
    }

    private static DeviceDescription describe(long platform, long id) {
        long type = number(id, CL_DEVICE_TYPE, 8);
        String kind = (type & CL_DEVICE_TYPE_GPU) != 0 ? "GPU"
                : (type & CL_DEVICE_TYPE_CPU) != 0 ? "CPU" : "accelerator";
        boolean integerDot = (" " + string(id, CL_DEVICE_EXTENSIONS) + " ")
                .contains(" cl_khr_integer_dot_product ");
        return new DeviceDescription(platform, id, string(id, CL_DEVICE_NAME).strip(), kind,
                string(id, CL_DEVICE_VERSION).strip(), string(id, CL_DRIVER_VERSION).strip(),
                (int) number(id, CL_DEVICE_MAX_COMPUTE_UNITS, 4),
                number(id, CL_DEVICE_GLOBAL_MEM_SIZE, 8),
                number(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, 8), integerDot, fault(id));
    }

    private static String fault(long id) {
        if (number(id, CL_DEVICE_COMPILER_AVAILABLE, 4) == 0) {
            return "its driver has no compiler";
        }
        if (number(id, CL_DEVICE_ENDIAN_LITTLE, 4) == 0) {
            return "it is big-endian, model files are not";
        }
        if (number(id, CL_DEVICE_ADDRESS_BITS, 4) != 64) {
            return "its addresses have %d bits, 64 are needed"
                    .formatted(number(id, CL_DEVICE_ADDRESS_BITS, 4));
        }
        long local = number(id, CL_DEVICE_LOCAL_MEM_SIZE, 8);
        if (local < LOCAL_BYTES_MIN) {
            return "%,d bytes of local memory, %,d are needed".formatted(local, LOCAL_BYTES_MIN);
        }
        long lanes = number(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, 8);
        return lanes >= GROUP_LANES_MIN ? ""
                : "groups of at most %d, %d are needed".formatted(lanes, GROUP_LANES_MIN);
    }

    private static long number(long device, int what, int bytes) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            ByteBuffer value = stack.calloc(8);
            ClStatus.require(CL10.nclGetDeviceInfo(device, what, bytes,
                    MemoryUtil.memAddress(value), 0), "clGetDeviceInfo " + what);
            return value.getLong(0);
        }
    }

    private static String string(long device, int what) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            PointerBuffer size = stack.mallocPointer(1);
            ClStatus.require(CL10.clGetDeviceInfo(device, what, (ByteBuffer) null, size),
                    "clGetDeviceInfo " + what);
            int length = Math.toIntExact(size.get(0));
            ByteBuffer text = MemoryUtil.memAlloc(length);
            try {
                ClStatus.require(CL10.clGetDeviceInfo(device, what, text, null),
                        "clGetDeviceInfo " + what);
                return MemoryUtil.memUTF8(text, Math.max(0, length - 1));
            } finally {
                MemoryUtil.memFree(text);
            }
        }
    }
}
