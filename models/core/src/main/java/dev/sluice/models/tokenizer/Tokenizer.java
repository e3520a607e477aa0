package dev.sluice.models.tokenizer;

import java.util.Set;

/// Text to token ids and back. Immutable, any thread.
public interface Tokenizer {

    /// Whether the texts of control tokens inside a text become those tokens.
    enum Special {
        /// A template's own text: `<|im_start|>` is the token.
        PARSE,
        /// A user's text: `<|im_start|>` is twelve characters.
        AS_TEXT
    }

    /// Token ids, from 0 to this, exclusive.
    int vocabSize();

    /// Ids of `text`; nothing is added. A character [#GUARD] inside a special token's text keeps
    /// that text from being parsed and is then dropped.
    int[] encode(String text, Special special);

    /// Ids of `text` with control tokens parsed, and BOS and EOS added where the model asks for
    /// them and the text does not bring them already.
    int[] encodePrompt(String text);

    /// `ids` with what the model wants around a prompt, BOS and EOS or their like, even where `ids`
    /// bring them already: what libllama's `add_special` does.
    int[] withBosAndEos(int[] ids);

    /// Bytes that a token contributes to generated text; none for a control token. A token may
    /// hold part of a UTF-8 character.
    byte[] bytes(int tokenId);

    /// The token as the vocabulary names it, control tokens included.
    String name(int tokenId);

    boolean isControl(int tokenId);

    /// Id of a token by its exact vocabulary text, or an exception that names it.
    int id(String name);

    boolean contains(String name);

    /// BOS and EOS text for chat templates; empty when the model has none.
    String bosText();

    String eosText();

    /// Tokens that end a generation: EOS, end of turn, end of message.
    Set<Integer> endOfGeneration();

    /// Whether the first token of a text drops its leading space when decoded (SentencePiece).
    boolean dropsLeadingSpace();

    /// A noncharacter that never occurs in text, put into untrusted text by [#guard].
    char GUARD = '\uFDD0';

    /// `text` with every special token's text broken by [#GUARD], so that a template may copy it
    /// into its output and the output may be parsed as [Special#PARSE]. User-defined tokens are
    /// broken too, except those of white space alone.
    String guard(String text);
}
