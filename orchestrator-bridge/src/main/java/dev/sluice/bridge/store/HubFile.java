package dev.sluice.bridge.store;

/// One file of a repository, as the hub lists it. Immutable.
///
/// @param path     inside of the repository, with `/`
/// @param checksum of the whole file
record HubFile(String path, long size, Checksum checksum) {
    String fileName() { return path.substring(path.lastIndexOf('/') + 1); }
}
