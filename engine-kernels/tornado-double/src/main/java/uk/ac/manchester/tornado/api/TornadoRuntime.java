package uk.ac.manchester.tornado.api;

/// The drivers.
public interface TornadoRuntime {
    int getNumBackends();

    TornadoBackend getBackend(int index);
}
