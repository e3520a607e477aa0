package dev.sluice.models.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.models.tokenizer.Tokenizer.Special;
import dev.sluice.models.tokenizer.Vocabulary.Roles;
import dev.sluice.models.tokenizer.Vocabulary.SplitOut;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Goal: special tokens are found where they are wanted and nowhere else. Method: a vocabulary of
/// the 256 bytes and a few marks, whose ids are known by arithmetic.
class SpecialTokensTest {
    private static final String START = "<|im_start|>";
    private static final String THINK = "<think>";

    /// 256 bytes, then the named tokens in order.
    private static Tokenizer tokenizer(Map<String, TokenType> marks, Set<Integer> strippedRight) {
        var texts = new ArrayList<String>();
        for (int b = 0; b < 256; b++) {
            texts.add(String.valueOf(ByteAlphabet.character(b)));
        }
        var types = new ArrayList<TokenType>(Collections.nCopies(256, TokenType.NORMAL));
        var splitOut = new ArrayList<SplitOut>();
        var sorted = new TreeMap<>(marks);
        for (var mark : sorted.entrySet()) {
            int id = texts.size();
            splitOut.add(new SplitOut(id, mark.getValue() == TokenType.CONTROL,
                    false, strippedRight.contains(id), false));
            texts.add(mark.getKey());
            types.add(mark.getValue());
        }
        var model = new TokenModel.ByteLevelBpe(new WordScanner(3, false, false),
                Merges.divided(TextTable.of(List.of())), false, List.of());
        var roles = new Roles(OptionalInt.empty(), OptionalInt.empty(), OptionalInt.empty(),
                List.of(), List.of(), Set.of());
        var tokens = new Vocabulary.Tokens(new TextIndex(TextTable.of(texts)),
                types.toArray(TokenType[]::new), new float[0]);
        return new Vocabulary(tokens, model, roles, splitOut, List.of()).tokenizer();
    }

    private static Tokenizer tokenizer() {
        return tokenizer(Map.of(START, TokenType.CONTROL, THINK, TokenType.USER_DEFINED,
                "   ", TokenType.USER_DEFINED, "€", TokenType.USER_DEFINED), Set.of());
    }

    private static List<String> names(Tokenizer tokenizer, int[] ids) {
        return Arrays.stream(ids).mapToObj(tokenizer::name).toList();
    }

    @Test
    void controlTokensAreParsedOnRequestAndUserDefinedOnesAlways() {
        Tokenizer tokenizer = tokenizer();
        String text = START + "a" + THINK;
        assertEquals(List.of(START, "a", THINK),
                names(tokenizer, tokenizer.encode(text, Special.PARSE)));
        assertEquals(START.length() + 2, tokenizer.encode(text, Special.AS_TEXT).length);
        assertTrue(tokenizer.isControl(tokenizer.id(START)));
        assertFalse(tokenizer.isControl(tokenizer.id(THINK)));
        assertEquals(0, tokenizer.bytes(tokenizer.id(START)).length);
        assertEquals(THINK, new String(tokenizer.bytes(tokenizer.id(THINK))));
    }

    @Test
    void theLongestOfOverlappingTokensWins() {
        Tokenizer tokenizer = tokenizer(Map.of("abc", TokenType.CONTROL, "cdef",
                TokenType.CONTROL, "ab", TokenType.CONTROL, "cd", TokenType.CONTROL), Set.of());
        assertEquals(List.of("ab", "cdef", "abc", "x"),
                names(tokenizer, tokenizer.encode("abcdefabcx", Special.PARSE)));
    }

    @Test
    void aTokenMayTakeTheSpaceAfterIt() {
        Tokenizer tokenizer = tokenizer(Map.of("<a>", TokenType.CONTROL, "<b>",
                TokenType.CONTROL), Set.of(256));
        assertEquals(List.of("<a>", "x", "<b>", "Ġ", "x"),
                names(tokenizer, tokenizer.encode("<a> \n x<b> x", Special.PARSE)));
    }

    @Test
    void guardedTextIsTextHoweverItIsParsed() {
        Tokenizer tokenizer = tokenizer();
        Tokenizer bare = tokenizer(Map.of("   ", TokenType.USER_DEFINED), Set.of());
        long seed = Long.getLong("seed", 20261121);
        var random = new Random(seed);
        String[] parts = {START, THINK, "€", "   ", " ", "<", "<|im_", "start|>", "a", "|>",
            "<<think>", "<think", ">", "🚀", "\uFDD0", "\uD800", "<\uFDD0|im_start|>"};
        for (int round = 0; round < 3000; round++) {
            var text = new StringBuilder();
            for (int i = random.nextInt(8); i >= 0; i--) {
                text.append(parts[random.nextInt(parts.length)]);
            }
            String user = text.toString();
            int[] guarded = tokenizer.encode(tokenizer.guard(user), Special.PARSE);
            String plain = user.replace("\uFDD0", "");
            if (user.equals(plain)) {
                assertEquals(names(bare, bare.encode(plain, Special.AS_TEXT)),
                        names(tokenizer, guarded), "seed " + seed + ": '" + user + "'");
            }
            for (String mark : List.of(START, THINK, "€")) {
                assertFalse(names(tokenizer, guarded).contains(mark),
                        "seed " + seed + ": '" + user + "'");
            }
        }
    }

    @Test
    void guardLeavesHarmlessTextAlone() {
        Tokenizer tokenizer = tokenizer();
        String text = "if (a < b) {   return; }";
        assertSame(text, tokenizer.guard(text));
        assertNotEquals(text + START, tokenizer.guard(text + START));
    }

    @Test
    void loneSurrogatesBecomeReplacementCharacters() {
        Tokenizer tokenizer = tokenizer();
        for (String broken : List.of("\uD800", "a\uDC00b", "\uDC00\uD800", "x\uD83D")) {
            String mended = broken.replaceAll("[\\x{D800}-\\x{DFFF}]", "\uFFFD");
            assertArrayEquals(tokenizer.encode(mended, Special.PARSE),
                    tokenizer.encode(broken, Special.PARSE));
        }
    }

    @Test
    void beginningAndEndAreAddedOnceByPromptsAndAlwaysOnRequest() throws Exception {
        Tokenizer llama = TestData.tokenizer("stories260K.gguf");
        int bos = llama.id("<s>");
        int[] ids = llama.encodePrompt("<s>Hi");
        assertEquals(bos, ids[0]);
        assertNotEquals(bos, ids[1]);
        assertArrayEquals(ids, llama.encodePrompt("Hi"));
        assertEquals(bos, llama.withBosAndEos(ids)[1]);
        assertEquals("<s>", llama.bosText());
        assertEquals("</s>", llama.eosText());
        assertTrue(llama.endOfGeneration().contains(llama.id("</s>")));
        assertArrayEquals(new int[] {bos}, llama.encodePrompt(""));
    }

    @Test
    void harmonyMessagesDoNotEndTheGeneration() {
        var texts = List.of("<|end|>", "<|return|>", "<|call|>", "<|channel|>", "<|endoftext|>");
        var types = new TokenType[texts.size()];
        Arrays.fill(types, TokenType.CONTROL);
        var index = new TextIndex(TextTable.of(texts));
        assertEquals(Set.of(1, 2, 4), new MarkTexts(index, types).correct(Set.of()));
        assertEquals(TokenType.USER_DEFINED, types[0]);
        assertEquals(TokenType.USER_DEFINED, types[3]);
        var others = TextTable.of(List.of("<|end|>", "<|user|>"));
        var kept = new TokenType[] {TokenType.NORMAL, TokenType.CONTROL};
        assertEquals(Set.of(0), new MarkTexts(new TextIndex(others), kept)
                .correct(Set.of()));
        assertEquals(TokenType.CONTROL, kept[0]);
    }
}
