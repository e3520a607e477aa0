package dev.sluice.runtime;

import dev.sluice.runtime.cache.CacheSpace;
import java.util.Arrays;

/// Names a run of tokens that the engine has computed, so that it can be parked, saved and gone on
/// from. It holds no pages: what was computed stays in the prefix tree until the room is needed,
/// and is then computed again. Made by [Engine#branch] and [Engine#fork]. Any thread may hold it;
/// its tokens are the engine thread's.
///
/// ```java
/// Branch main = engine.branch();
/// engine.submit(request, main);           // leaves its tokens there
/// Branch other = engine.fork(main);       // the same past, nothing computed again
/// ```
public final class Branch {
    /// Keeps nothing.
    static final Branch NONE = new Branch(CacheSpace.SHARED);

    private final CacheSpace space;
    private int[] tokenIds = {};

    Branch(CacheSpace space) {
        this.space = space;
    }

    CacheSpace space() { return space; }

    int[] tokenIds() { return tokenIds; }

    void keep(int[] ids) {
        tokenIds = ids;
    }

    /// The tokens of a request that has ended. The last one drawn was never computed, but is what
    /// the next prompt goes on with.
    void keep(TokenHistory history) {
        if (this != NONE) {
            tokenIds = Arrays.copyOf(history.tokenIds(), history.size());
        }
    }
}
