package dev.sluice.runtime.cache;

/// The pages of one KV group: which are free, and how many sequences and nodes of the prefix tree
/// share each of the others. Numbers only; the bytes live with the model. Engine thread only.
final class PagePool {
    /// Where a window group has no page.
    static final int NO_PAGE = -1;

    private final int[] references;
    /// How many of the references are the tree's.
    private final int[] treeReferences;
    private final int[] free;
    private int freeCount;
    private int treePages;
    private int heldPages;

    PagePool(int pages) {
        references = new int[pages];
        treeReferences = new int[pages];
        free = new int[pages];
        freeCount = pages;
        for (int i = 0; i < pages; i++) {
            // The lowest page is handed out first.
            free[i] = pages - 1 - i;
        }
    }

    int size() { return free.length; }

    int freeCount() { return freeCount; }

    /// Pages that the tree has, alone or with sequences.
    int treePages() { return treePages; }

    /// Pages that sequences have.
    int heldPages() { return heldPages; }

    /// A page with one reference. The caller has seen that one is free.
    int allocate() {
        if (freeCount == 0) {
            throw new IllegalStateException("none of " + free.length + " KV pages is free");
        }
        int page = free[--freeCount];
        references[page] = 1;
        heldPages++;
        return page;
    }

    void retain(int page) {
        requireUsed(page);
        heldPages += held(page) ? 0 : 1;
        references[page]++;
    }

    void release(int page) {
        requireUsed(page);
        if (references[page] == treeReferences[page]) {
            throw new IllegalStateException("no sequence has KV page " + page);
        }
        drop(page);
        heldPages -= held(page) ? 0 : 1;
    }

    /// A reference of the tree.
    void retainForTree(int page) {
        requireUsed(page);
        references[page]++;
        if (treeReferences[page]++ == 0) {
            treePages++;
        }
    }

    void releaseFromTree(int page) {
        requireUsed(page);
        if (treeReferences[page] == 0) {
            throw new IllegalStateException("the tree does not have KV page " + page);
        }
        if (--treeReferences[page] == 0) {
            treePages--;
        }
        drop(page);
    }

    private void drop(int page) {
        if (--references[page] == 0) {
            free[freeCount++] = page;
        }
    }

    boolean shared(int page) {
        return references[page] > 1;
    }

    /// Whether a sequence has the page.
    boolean held(int page) {
        return references[page] > treeReferences[page];
    }

    private void requireUsed(int page) {
        if (references[page] == 0) {
            throw new IllegalStateException("KV page " + page + " is free");
        }
    }

    /// Throws unless each page is either free, once, or has exactly the references counted.
    ///
    /// @param bySequences  references per page that sequences have
    /// @param byTree       references per page that nodes have
    void checkIntegrity(int[] bySequences, int[] byTree) {
        var seen = new boolean[free.length];
        for (int i = 0; i < freeCount; i++) {
            if (seen[free[i]] || references[free[i]] != 0) {
                throw new IllegalStateException("KV page " + free[i] + " is free and in use");
            }
            seen[free[i]] = true;
        }
        int ofTree = 0;
        int ofSequences = 0;
        for (int page = 0; page < free.length; page++) {
            if (!seen[page] && references[page] <= 0) {
                throw new IllegalStateException("KV page " + page + " is lost");
            }
            if (treeReferences[page] != byTree[page]
                    || references[page] != byTree[page] + bySequences[page]) {
                throw new IllegalStateException(
                        "KV page %d: sequences hold it %d times and nodes %d times, the pool says "
                        .formatted(page, bySequences[page], byTree[page])
                        + "%d in all, %d of them nodes"
                        .formatted(references[page], treeReferences[page]));
            }
            ofTree += byTree[page] > 0 ? 1 : 0;
            ofSequences += bySequences[page] > 0 ? 1 : 0;
        }
        if (ofTree != treePages || ofSequences != heldPages) {
            throw new IllegalStateException(
                    "the tree has %d KV pages and sequences %d, the pool says %d and %d"
                    .formatted(ofTree, ofSequences, treePages, heldPages));
        }
    }
}
