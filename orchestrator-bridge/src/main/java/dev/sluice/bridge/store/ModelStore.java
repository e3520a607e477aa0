package dev.sluice.bridge.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// A folder with models:
///
///     NAME.gguf                     put there by hand, or shipped
///     OWNER/NAME/FILE               pulled from the hub, with the hub's names
///     OWNER/NAME/.sluice/LABEL.json what was pulled
///
/// Holds no state; any thread, any number of processes.
public final class ModelStore {
    private final Path root;

    public ModelStore(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    public Path root() { return root; }

    Path repository(Reference reference) {
        return root.resolve(reference.owner()).resolve(reference.name());
    }

    /// Every model, by name; unfinished ones too.
    public List<StoredModel> list() {
        var models = new ArrayList<StoredModel>();
        try {
            for (Path entry : entries(root)) {
                String name = entry.getFileName().toString();
                if (Files.isDirectory(entry) && SafePath.isName(name)) {
                    owner(entry, models);
                } else if (Files.isRegularFile(entry) && name.endsWith(".gguf")) {
                    models.add(single(entry, name.replaceFirst("\\.gguf$", "")));
                }
            }
        } catch (IOException e) {
            throw new PullException("cannot read the store %s: %s".formatted(
                    root, e.getMessage()));
        }
        models.sort((a, b) -> a.name().compareToIgnoreCase(b.name()));
        return models;
    }

    private static List<Path> entries(Path folder) throws IOException {
        var entries = new ArrayList<Path>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
                stream.forEach(entries::add);
            }
        }
        return entries;
    }

    private static void owner(Path owner, List<StoredModel> models) throws IOException {
        for (Path repository : entries(owner)) {
            for (Path file : entries(repository.resolve(Receipt.FOLDER))) {
                if (file.toString().endsWith(".json")) {
                    Optional<Receipt> receipt = Receipt.read(file);
                    if (receipt.isPresent()) {
                        models.add(pulled(repository, receipt.get(), file));
                    }
                }
            }
        }
    }

    private static StoredModel single(Path file, String name) throws IOException {
        long size = Files.size(file);
        return new StoredModel(name, file, List.of(file), size, size, date(file),
                Optional.empty());
    }

    private static StoredModel pulled(Path repository, Receipt receipt, Path file)
            throws IOException {
        var files = new ArrayList<Path>();
        long bytes = 0;
        long done = 0;
        for (HubFile each : receipt.files()) {
            Path target = SafePath.in(repository, each.path());
            Path part = PartFile.part(target);
            files.add(target);
            bytes += each.size();
            if (Files.isRegularFile(target)) {
                done += Math.min(Files.size(target), each.size());
            } else if (Files.isRegularFile(part)) {
                // All bytes may be here and not be checked yet: that is not finished.
                done += Math.min(Files.size(part), Math.max(0, each.size() - 1));
            }
        }
        if (!receipt.complete()) {
            done = Math.min(done, bytes - 1);
        }
        Path first = files.getFirst();
        boolean folder = !first.toString().endsWith(".gguf");
        return new StoredModel(receipt.name(), folder ? repository : first, files, bytes, done,
                date(file), Optional.of(file));
    }

    private static Instant date(Path file) throws IOException {
        return Files.getLastModifiedTime(file).toInstant();
    }

    /// The model of a name: the whole one, the repository's without its owner, a label's in any
    /// case, or the name of its file. Empty if there is none.
    ///
    /// @throws PullException if the name is several models', or an unfinished one's
    public Optional<StoredModel> find(String name) {
        var found = new ArrayList<StoredModel>();
        for (StoredModel model : list()) {
            if (model.name().equalsIgnoreCase(name)) {
                return Optional.of(finished(model));
            }
            if (isCalled(model, name)) {
                found.add(model);
            }
        }
        if (found.size() > 1) {
            throw new PullException("'%s' is the name of several models: %s".formatted(name,
                    String.join(", ", found.stream().map(StoredModel::name).toList())));
        }
        return found.stream().findFirst().map(ModelStore::finished);
    }

    private static boolean isCalled(StoredModel model, String name) {
        String full = model.name().toLowerCase(Locale.ROOT);
        String wanted = name.toLowerCase(Locale.ROOT);
        String withoutOwner = full.substring(full.indexOf('/') + 1);
        String file = model.path().getFileName().toString().toLowerCase(Locale.ROOT)
                .replaceFirst("\\.gguf$", "");
        return withoutOwner.equals(wanted) || full.startsWith(wanted + ":")
                || withoutOwner.startsWith(wanted + ":") || file.equals(wanted)
                || file.equals(wanted.replaceFirst("\\.gguf$", ""));
    }

    private static StoredModel finished(StoredModel model) {
        if (!model.isComplete()) {
            throw new PullException("%s is not here yet, %,d of %,d bytes: './sluice pull %s'"
                    .formatted(model.name(), model.doneBytes(), model.bytes(), model.name())
                    + " goes on");
        }
        return model;
    }

    /// The model of a name that is about to be removed: unfinished ones too.
    ///
    /// @throws PullException if there is none, or the name is a path
    public StoredModel required(String name) {
        var found = new ArrayList<StoredModel>();
        for (StoredModel model : list()) {
            if (model.name().equalsIgnoreCase(name)) {
                return model;
            }
            if (isCalled(model, name)) {
                found.add(model);
            }
        }
        if (found.size() == 1) {
            return found.getFirst();
        }
        throw new PullException(found.isEmpty()
                ? "the store has no model '%s'; only what './sluice list' shows can be removed"
                        .formatted(SafePath.printable(name))
                : "'%s' is the name of several models: %s".formatted(name,
                        String.join(", ", found.stream().map(StoredModel::name).toList())));
    }

    /// Removes a model and what is left of its folders.
    ///
    /// @throws PullException if it lies outside of the store, or is being pulled
    public void remove(StoredModel model) {
        for (Path file : model.files()) {
            requireInside(file);
        }
        try (PullLock _ = lock(model)) {
            for (Path file : model.files()) {
                Files.deleteIfExists(file);
                Files.deleteIfExists(PartFile.part(file));
                Files.deleteIfExists(PartFile.state(file));
            }
            if (model.receipt().isPresent()) {
                Files.deleteIfExists(model.receipt().get());
            }
        } catch (IOException e) {
            throw new PullException("cannot remove %s: %s".formatted(
                    model.name(), e.getMessage()));
        }
        for (Path file : model.files()) {
            prune(file.getParent());
        }
    }

    private static PullLock lock(StoredModel model) {
        return model.receipt().map(receipt -> PullLock.take(model.name(), receipt.resolveSibling(
                receipt.getFileName().toString().replaceFirst("\\.json$", ".lock"))))
                .orElse(PullLock.NONE);
    }

    private void requireInside(Path file) {
        try {
            boolean inside = !Files.exists(file.getParent())
                    || file.getParent().toRealPath().startsWith(root.toRealPath());
            if (!inside) {
                throw new PullException("%s lies outside of the store %s and is left alone"
                        .formatted(file, root));
            }
        } catch (IOException e) {
            throw new PullException("cannot look at %s: %s".formatted(file, e.getMessage()));
        }
    }

    /// Removes empty folders up to the root; one with nothing but old locks counts as empty.
    private void prune(Path folder) {
        Path next = folder;
        while (next.startsWith(root) && !next.equals(root)) {
            try {
                Path own = next.resolve(Receipt.FOLDER);
                List<Path> left = entries(own);
                boolean locksOnly = left.stream().allMatch(f -> f.toString().endsWith(".lock"));
                if (Files.isDirectory(own) && locksOnly && entries(next).equals(List.of(own))) {
                    for (Path lock : left) {
                        Files.delete(lock);
                    }
                    Files.delete(own);
                }
                Files.deleteIfExists(next);
            } catch (IOException e) {
                // Something else lies there, which is what the folder is kept for.
                return;
            }
            next = next.getParent();
        }
    }
}
