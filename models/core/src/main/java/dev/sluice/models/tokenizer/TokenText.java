package dev.sluice.models.tokenizer;

import dev.sluice.models.tokenizer.TokenModel.TextRule;
import java.util.List;

/// Applies text rules in order; with none, the characters themselves come back and no text is
/// copied.
record TokenText(List<TextRule> rules) {

    char[] apply(char[] text, int from, int to, boolean atStart) {
        if (rules.isEmpty()) {
            return text;
        }
        String ruled = new String(text, from, to - from);
        for (TextRule rule : rules) {
            ruled = rule.apply(ruled, atStart);
        }
        return Utf8.wellFormed(ruled);
    }
}
