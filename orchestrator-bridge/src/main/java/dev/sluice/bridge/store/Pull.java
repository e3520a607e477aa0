package dev.sluice.bridge.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Brings a model of the hub into the store. One thread.
public final class Pull {
    private static final int BUFFER = 1 << 20;

    private final ModelStore store;
    private final HubAccess access;
    private final Patience patience;
    private final PullObserver observer;

    public Pull(ModelStore store, HubAccess access, Patience patience, PullObserver observer) {
        this.store = store;
        this.access = access;
        this.patience = patience;
        this.observer = observer;
    }

    /// Returns when every file is there and checked.
    ///
    /// @throws PullException if it can not be had; what came is kept for the next time, unless it
    ///         is wrong
    public StoredModel run(Reference reference, String revision) {
        try (var connection = new HubConnection(access, patience)) {
            var hub = new Hub(connection, patience, observer);
            String commit = hub.commit(reference, revision);
            FileChoice choice = FileChoice.of(reference, hub.files(reference, revision));
            String name = reference.repository()
                    + (choice.label().isEmpty() ? "" : ":" + choice.label());
            Path folder = store.repository(reference);
            choice.files().forEach(file -> SafePath.in(folder, file.path()));
            observer.note(choice.note().equals("as asked") ? name + ", as asked"
                    : "chose %s: %s".formatted(name, choice.note()));
            try (PullLock _ = PullLock.take(name, Receipt.lock(folder, choice.label()))) {
                var receipt = new Receipt(name, revision, commit, choice.files(), false);
                files(new Task(reference, revision, folder, receipt, choice.label()),
                        hub, connection);
            } catch (IOException e) {
                throw PartFile.failure(folder, e);
            }
            return store.required(name);
        }
    }

    private record Task(Reference reference, String revision, Path folder, Receipt receipt,
            String label) {
        Path target(HubFile file) { return SafePath.in(folder, file.path()); }
    }

    private void files(Task task, Hub hub, HubConnection connection) throws IOException {
        List<HubFile> files = task.receipt().files();
        Path receiptFile = Receipt.file(task.folder(), task.label());
        Optional<Receipt> before = Receipt.read(receiptFile);
        boolean trusted = before.isPresent() && before.get().complete()
                && before.get().isOf(files);
        var missing = new ArrayList<HubFile>();
        long total = 0;
        long wanted = 0;
        long unfinished = 0;
        for (HubFile file : files) {
            total += file.size();
            if (!isHere(file, task.target(file), trusted)) {
                missing.add(file);
                wanted += file.size();
                unfinished += partBytes(file, task.target(file));
            }
        }
        if (missing.isEmpty() && trusted) {
            observer.note(task.receipt().name() + " is here already");
            return;
        }
        requireSpace(task.folder(), wanted - unfinished);
        task.receipt().write(receiptFile);
        observer.begin(task.receipt().name(), total - wanted + unfinished, total);
        try {
            fetch(task, missing, total - wanted, hub, connection);
        } finally {
            observer.end();
        }
        task.receipt().completed().write(receiptFile);
    }

    private void fetch(Task task, List<HubFile> missing, long hereBytes, Hub hub,
            HubConnection connection) {
        var download = new FileDownload(connection, patience, observer);
        long finished = hereBytes;
        for (HubFile file : missing) {
            long before = finished;
            download.run(task.reference().repository() + ": " + file.path(), file,
                    hub.source(task.reference(), task.revision(), file), task.target(file),
                    done -> observer.progress(file.path(), before + done));
            finished += file.size();
        }
    }

    private static long partBytes(HubFile file, Path target) throws IOException {
        Path part = PartFile.part(target);
        return Files.isRegularFile(part) ? Math.min(Files.size(part), file.size()) : 0;
    }

    /// Whether the file is there and whole. Without a receipt its bytes are checked.
    private static boolean isHere(HubFile file, Path target, boolean trusted)
            throws IOException {
        if (!Files.isRegularFile(target) || Files.size(target) != file.size()) {
            return false;
        }
        return trusted || file.checksum().kind() != Checksum.Kind.NONE
                && file.checksum().matches(digest(file, target));
    }

    private static byte[] digest(HubFile file, Path target) throws IOException {
        MessageDigest digest = file.checksum().begin(file.size());
        var buffer = ByteBuffer.allocate(BUFFER);
        try (var channel = FileChannel.open(target)) {
            while (channel.read(buffer.clear()) > 0) {
                digest.update(buffer.flip());
            }
        }
        return digest.digest();
    }

    private void requireSpace(Path folder, long bytes) throws IOException {
        Files.createDirectories(folder);
        long free = Files.getFileStore(folder).getUsableSpace();
        if (bytes > free) {
            throw new PullException("%,d bytes are needed, and %,d are free in %s".formatted(
                    bytes, free, store.root()));
        }
    }
}
