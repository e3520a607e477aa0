package dev.sluice.runtime.cache;

/// The pages of one KV group: which are free, and how many sequences share each of the others.
/// Numbers only; the bytes live with the model. Engine thread only.
final class PagePool {
    private final int[] references;
    private final int[] free;
    private int freeCount;

    PagePool(int pages) {
        references = new int[pages];
        free = new int[pages];
        freeCount = pages;
        for (int i = 0; i < pages; i++) {
            // The lowest page is handed out first.
            free[i] = pages - 1 - i;
        }
    }

    int freeCount() { return freeCount; }

    /// A page with one reference. The caller has seen that one is free.
    int allocate() {
        if (freeCount == 0) {
            throw new IllegalStateException("none of " + free.length + " KV pages is free");
        }
        int page = free[--freeCount];
        references[page] = 1;
        return page;
    }

    void retain(int page) {
        requireUsed(page);
        references[page]++;
    }

    void release(int page) {
        requireUsed(page);
        if (--references[page] == 0) {
            free[freeCount++] = page;
        }
    }

    boolean shared(int page) {
        return references[page] > 1;
    }

    /// Sum of all references.
    int references() {
        int sum = 0;
        for (int count : references) {
            sum += count;
        }
        return sum;
    }

    private void requireUsed(int page) {
        if (references[page] == 0) {
            throw new IllegalStateException("KV page " + page + " is free");
        }
    }

    /// Throws unless each page is either free, once, or referenced.
    void checkIntegrity() {
        var seen = new boolean[free.length];
        for (int i = 0; i < freeCount; i++) {
            if (seen[free[i]] || references[free[i]] != 0) {
                throw new IllegalStateException("KV page " + free[i] + " is free and in use");
            }
            seen[free[i]] = true;
        }
        for (int page = 0; page < free.length; page++) {
            if (!seen[page] && references[page] <= 0) {
                throw new IllegalStateException("KV page " + page + " is lost");
            }
        }
    }
}
