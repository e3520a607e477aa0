package dev.sluice.kernels.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import jcuda.driver.JCudaDriver;

/// Loads the driver's library and JCuda's binding of it, once a process, or says why not. Any
/// thread.
final class JCudaLibrary {
    /// Names the driver's library; a test gives one that is not there, or a pretended one.
    static final String LIBRARY_PROPERTY = "sluice.cuda.library";
    private static final String TEMPORARY = "java.io.tmpdir";

    /// A class that failed to load fails otherwise the second time, so the first answer is kept.
    private static final class Loaded {
        private static final DriverLookup LOOKUP = load();
    }

    private JCudaLibrary() { }

    static DriverLookup lookup() {
        return Loaded.LOOKUP;
    }

    @SuppressWarnings("restricted")
    private static DriverLookup load() {
        boolean windows = System.getProperty("os.name").startsWith("Windows");
        String name = System.getProperty(LIBRARY_PROPERTY,
                windows ? "nvcuda.dll" : "libcuda.so.1");
        SymbolLookup symbols;
        try {
            symbols = SymbolLookup.libraryLookup(name, Arena.global());
        } catch (IllegalArgumentException e) {
            return absent("no NVIDIA driver: its library " + name + " can not be loaded");
        }
        try {
            bind();
            return new DriverLookup(
                    Optional.of(new JCudaCalls(new FastCalls(symbols))), "");
        } catch (LinkageError | UncheckedIOException e) {
            return absent("the NVIDIA driver is there, but JCuda's binding of it can not be "
                    + "loaded: " + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
    }

    private static DriverLookup absent(String fault) {
        return new DriverLookup(Optional.empty(), fault);
    }

    /// JCuda unpacks its library to the folder for temporary files under a fixed name, and loads
    /// whatever has that name there already, from whomever. So it is shown a folder that is new and
    /// only this user's, just as long as it loads.
    private static void bind() {
        String before = System.getProperty(TEMPORARY);
        Path folder;
        try {
            folder = Files.createTempDirectory("sluice-cuda");
        } catch (IOException e) {
            throw new UncheckedIOException("no temporary folder", e);
        }
        try {
            System.setProperty(TEMPORARY, folder.toString());
            // The first use of the class loads the library. Codes are checked by JCudaCalls.
            JCudaDriver.setExceptionsEnabled(false);
        } finally {
            System.setProperty(TEMPORARY, before);
            remove(folder);
        }
    }

    /// A loaded library needs no file on Linux; Windows keeps it, and the folder stays.
    private static void remove(Path folder) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            folder.toFile().deleteOnExit();
        }
    }
}
