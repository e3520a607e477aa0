package dev.sluice.benchmarks.load;

import java.util.Random;

/// A run of a prompt that is always the same for the same key: a system prompt that sessions share,
/// what a tool said, what the model is taken to have answered. Immutable.
///
/// @param role   `system`, `user` or `assistant`, for chats
/// @param key    names the content
/// @param tokens how long it is; as text it has this many common words, which is about as many
record PromptPiece(String role, String key, int tokens) {
    private static final String[] WORDS = ("time year people way day man thing woman life child "
            + "world school state family student group country problem hand part place case week "
            + "company system program question work government number night point home water room "
            + "mother area money story fact month lot right study book eye job word business issue "
            + "side kind head house service friend father power hour game line end member law car")
            .split(" ");

    PromptPiece {
        if (tokens < 1) {
            throw new IllegalArgumentException("a piece of %d tokens: %s".formatted(tokens, key));
        }
    }

    String text() {
        var random = new Random(key.hashCode());
        var text = new StringBuilder();
        for (int i = 0; i < tokens; i++) {
            text.append(' ').append(WORDS[random.nextInt(WORDS.length)]);
        }
        return text.toString();
    }

    /// @param low  first id that may be drawn
    /// @param high end of the ids
    int[] ids(int low, int high) {
        return new Random(key.hashCode()).ints(tokens, low, high).toArray();
    }
}
