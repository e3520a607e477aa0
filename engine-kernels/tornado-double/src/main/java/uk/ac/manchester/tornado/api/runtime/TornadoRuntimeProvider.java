package uk.ac.manchester.tornado.api.runtime;

import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.TornadoTargetDevice;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/// One driver with one device: the threads of this JVM.
public final class TornadoRuntimeProvider {
    private record Threads() implements TornadoRuntime, TornadoBackend, TornadoDevice,
            TornadoTargetDevice {
        @Override
        public int getNumBackends() {
            return 1;
        }

        @Override
        public TornadoBackend getBackend(int index) {
            return this;
        }

        @Override
        public int getNumDevices() {
            return 1;
        }

        @Override
        public TornadoDevice getDevice(int index) {
            return this;
        }

        @Override
        public String getName() {
            return "double";
        }

        @Override
        public TornadoTargetDevice getPhysicalDevice() {
            return this;
        }

        @Override
        public String getDeviceName() {
            return "threads of the test double";
        }

        @Override
        public long getDeviceGlobalMemorySize() {
            return 1L << 30;
        }

        @Override
        public long getDeviceMaxAllocationSize() {
            return 1L << 28;
        }
    }

    private TornadoRuntimeProvider() { }

    public static TornadoRuntime getTornadoRuntime() {
        return new Threads();
    }
}
