package dev.sluice.models.tokenizer;

/// Patterns of named pre-tokenizers that are tables rather than expressions.
final class Patterns {
    /// deepseek-llm: the letters that have case, with one space before.
    static final String DEEPSEEK_LLM_LETTERS = "\\s?["
            + "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽ"
            + "ᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥ"
            + "ῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎ"
            + "ꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"
            + "]+";

    /// deepseek-llm and deepseek-coder: ideographs and Hangul, as the pattern's ranges have them.
    static final String CHINESE_AND_KOREAN = "[一-龥\u0800-一가-\uD7FF]+";

    /// bloom: anything but spaces and sentence punctuation, with one space before.
    static final String BLOOM = " ?[^(\\s|.,!?…。，、।۔،)]+";

    private Patterns() { }
}
