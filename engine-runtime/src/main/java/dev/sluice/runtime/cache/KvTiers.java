package dev.sluice.runtime.cache;

import java.nio.file.Path;

/// Where pages go that the pool has no room for. All bounds are fixed at start. Immutable.
///
/// @param fingerprint  of the model whose pages they are
/// @param hostBytes    native memory for pages; 0 for no host tier
/// @param folder       of the disk tier, which belongs to one cache at a time
/// @param diskBytes    most bytes of its files; 0 for no disk tier
public record KvTiers(ModelFingerprint fingerprint, long hostBytes, Path folder, long diskBytes) {

    /// What is evicted is forgotten.
    public static final KvTiers NONE = new KvTiers(ModelFingerprint.NONE, 0, Path.of(""), 0);

    public KvTiers {
        if (hostBytes < 0 || diskBytes < 0) {
            throw new IllegalArgumentException(
                    "tiers of %d and %d bytes".formatted(hostBytes, diskBytes));
        }
        if (diskBytes > 0 && hostBytes == 0) {
            throw new IllegalArgumentException(
                    "a disk tier needs a host tier, through which its pages pass");
        }
    }

    /// Host memory only.
    public static KvTiers host(ModelFingerprint fingerprint, long bytes) {
        return new KvTiers(fingerprint, bytes, Path.of(""), 0);
    }

    /// With files of at most `bytes` below the host tier.
    public KvTiers withDisk(Path folderOfFiles, long bytes) {
        return new KvTiers(fingerprint, hostBytes, folderOfFiles, bytes);
    }
}
