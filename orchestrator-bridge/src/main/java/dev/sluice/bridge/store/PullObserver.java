package dev.sluice.bridge.store;

/// Hears how a download goes on, on its thread.
public interface PullObserver {
    /// Something that the user should know: what was chosen, found, or is tried again.
    void note(String line);

    /// A download of several files begins.
    ///
    /// @param doneBytes that are here already
    void begin(String name, long doneBytes, long totalBytes);

    /// @param doneBytes of all files together
    void progress(String file, long doneBytes);

    /// The download has ended, well or not.
    void end();
}
