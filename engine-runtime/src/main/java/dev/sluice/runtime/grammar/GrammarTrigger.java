package dev.sluice.runtime.grammar;

import java.util.List;

/// Free text in which a grammar begins where a trigger comes: a tool call after `<tool_call>`, an
/// answer after `</think>`. Until then every token may come, except one that has the trigger in it
/// and goes on against the grammar. Compiled by [Grammars#triggered]. Immutable.
///
///     free text ... trigger  [grammar]  closing  ... then
///
/// @param branches  what may be triggered; the first trigger to come decides
/// @param required  whether the text may not end before a trigger came
/// @param then      what follows a branch
public record GrammarTrigger(List<Branch> branches, boolean required, Then then) {

    public enum Then {
        /// The text ends.
        END,
        /// Free text without triggers.
        FREE,
        /// Free text with the same triggers; it may end, also when the first one was required.
        AGAIN
    }

    /// A grammar between the text or token that triggers it and a text that closes it.
    ///
    /// @param text     the trigger as text; empty when it is a token
    /// @param tokenId  the trigger as a token that has no text; counts only if `text` is empty
    /// @param closing  the text behind the grammar; may be empty
    public record Branch(String text, int tokenId, Grammar grammar, String closing) {

        public static Branch onText(String text, Grammar grammar, String closing) {
            if (text.isEmpty()) {
                throw new IllegalArgumentException("a trigger of no text");
            }
            return new Branch(text, 0, grammar, closing);
        }

        public static Branch onToken(int tokenId, Grammar grammar, String closing) {
            return new Branch("", tokenId, grammar, closing);
        }
    }

    public GrammarTrigger {
        branches = List.copyOf(branches);
    }
}
