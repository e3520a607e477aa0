package dev.sluice.models.file;

import java.net.URISyntaxException;
import java.nio.file.Path;

/// Golden files: the folder of `-Dgoldens=DIR` when set, else the share in this repository.
public final class Goldens {
    private Goldens() { }

    /// The golden at this path below the goldens' folder, for example `llama/golden.json`.
    public static Path file(String path) {
        String folder = System.getProperty("goldens", "");
        return folder.isEmpty() ? carried().resolve(path) : Path.of(folder, path);
    }

    /// The folder of the goldens that the repository carries.
    public static Path carried() {
        try {
            return Path.of(Goldens.class.getResource("/goldens").toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
