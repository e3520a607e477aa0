package dev.sluice.kernels.tornado;

import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/// The devices of all of TornadoVM's drivers in its order, or why there are none.
///
/// @param fault  empty where there are devices
record TornadoDevices(List<TornadoDevice> list, String fault) {
    private static final String NO_SDK = "no TornadoVM in this JVM; set TORNADOVM_HOME to the "
            + "folder of an SDK (5.2.0-jdk25) and start with ./sluice ... --backend tornado";

    static TornadoDevices read() {
        try {
            List<TornadoDevice> devices = devices(TornadoRuntimeProvider.getTornadoRuntime());
            return new TornadoDevices(devices,
                    devices.isEmpty() ? "TornadoVM's drivers found no device" : "");
        } catch (LinkageError e) {
            return new TornadoDevices(List.of(), NO_SDK);
        } catch (RuntimeException e) {
            return new TornadoDevices(List.of(), "TornadoVM does not start: " + e.getMessage());
        }
    }

    private static List<TornadoDevice> devices(TornadoRuntime runtime) {
        var devices = new ArrayList<TornadoDevice>();
        for (int i = 0; i < runtime.getNumBackends(); i++) {
            TornadoBackend driver = runtime.getBackend(i);
            for (int d = 0; d < driver.getNumDevices(); d++) {
                devices.add(driver.getDevice(d));
            }
        }
        return devices;
    }

    /// `tornado:0 NAME | ..`
    String numbered() {
        var text = new StringBuilder();
        for (int i = 0; i < list.size(); i++) {
            text.append(i == 0 ? "" : " | ").append("tornado:").append(i).append(' ')
                    .append(list.get(i).getPhysicalDevice().getDeviceName());
        }
        return text.toString();
    }
}
