package uk.ac.manchester.tornado.api;

/// What is known of a device.
public interface TornadoTargetDevice {
    String getDeviceName();

    /// Bytes.
    long getDeviceGlobalMemorySize();

    /// Bytes.
    long getDeviceMaxAllocationSize();
}
