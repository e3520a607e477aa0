package uk.ac.manchester.tornado.api.common;

import uk.ac.manchester.tornado.api.TornadoTargetDevice;

/// A device that plans run on.
public interface TornadoDevice {
    TornadoTargetDevice getPhysicalDevice();
}
