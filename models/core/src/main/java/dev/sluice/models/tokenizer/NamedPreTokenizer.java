package dev.sluice.models.tokenizer;

import dev.sluice.models.UnsupportedModelException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The pre-tokenizers that a GGUF file names in `tokenizer.ggml.pre`, with what else the name
/// implies: `ignoreMerges` takes a piece that is a token as that token without merging, `addBos`
/// is the default for a file that does not say. Where libllama's reading of a pattern differs
/// from the published one it is followed, because a GGUF file is written for it; a
/// `tokenizer.json` carries its own pattern.
record NamedPreTokenizer(PreTokenizer splitter, boolean ignoreMerges, boolean addBos) {

    /// The name that stands for an absent one.
    static final String DEFAULT = "default";

    private static final Map<String, NamedPreTokenizer> KNOWN = known();

    static NamedPreTokenizer named(String name) {
        NamedPreTokenizer found = KNOWN.get(name);
        if (found == null) {
            throw new UnsupportedModelException("pre-tokenizer '%s' is not supported; known: %s"
                    .formatted(name, String.join(", ", KNOWN.keySet())));
        }
        return found;
    }

    static List<String> names() {
        return List.copyOf(KNOWN.keySet());
    }

    private static Map<String, NamedPreTokenizer> known() {
        var gpt2 = new Gpt2Scanner();
        var llama3 = new WordScanner(3, false, false);
        var qwen2 = new WordScanner(1, false, false);
        var oneDigit = RunScanner.numbers(1).then(gpt2);
        var map = new TreeMap<String, NamedPreTokenizer>();
        put(map, new NamedPreTokenizer(llama3, true, true),
                "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0",
                "lfm2");
        put(map, plain(llama3), "dbrx", "smaug-bpe", "chatglm-bpe", "glm4");
        put(map, plain(qwen2),
                "qwen2", "deepseek-r1-qwen", "kormo", "megrez", "stablelm2", "hunyuan",
                "solar-open", "grok-2");
        put(map, plain(new WordScanner(1, true, false)), "qwen35");
        put(map, plain(sequence(List.of("[\r\n]", Patterns.DEEPSEEK_LLM_LETTERS,
                        "\\s?[!-/:-~！-／：-～‘-‟\u3000-。]+"))
                .then(new TrailingSpaceScanner())
                .then(sequence(List.of(Patterns.CHINESE_AND_KOREAN, "\\p{N}+")))),
                "deepseek-llm");
        put(map, plain(sequence(List.of("[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+",
                Patterns.CHINESE_AND_KOREAN, "\\p{N}"))), "deepseek-coder");
        put(map, plain(RunScanner.numbers(3).then(RunScanner.chineseAndKana())
                        .then(new DeepSeekScanner())),
                "deepseek-v3", "hunyuan-dense", "joyai-llm");
        put(map, plain(new CasedScanner(3, true, CasedScanner.CaseRule.ASCII)),
                "gpt-4o", "llama4", "kanana2", "minimax-m2");
        put(map, new NamedPreTokenizer(
                new CasedScanner(1, false, CasedScanner.CaseRule.ASCII), true, true), "tekken");
        put(map, plain(oneDigit),
                "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b",
                "mellum2");
        put(map, plain(gpt2),
                "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4",
                "gigachat", "a.x-4.0", "mellum");
        put(map, plain(RegexSplitter.isolating("[\\p{P}$+<=>^~|`]+").then(gpt2)
                .then(RegexSplitter.isolating("[0-9][0-9][0-9]"))), "falcon");
        put(map, plain(RegexSplitter.isolating(Patterns.BLOOM)),
                "bloom", "poro-chat", "gpt3-finnish");
        put(map, plain(RegexSplitter.isolating(Patterns.BLOOM).then(RunScanner.numbers(1))),
                "viking");
        put(map, plain(new KimiScanner()), "kimi-k2");
        put(map, plain(RunScanner.numbers(Integer.MAX_VALUE).then(new ThousandsScanner())),
                "superbpe");
        put(map, new NamedPreTokenizer(sequence(List.of("<sentinel:[0-9]+>", "IMGIMG[A-I]{1,4}Z",
                "[\\t\\n]|    |  ", "\\p{N}", "[\\p{P}!-/:-@\\[-`{-~]")).then(gpt2),
                false, true), "chameleon");
        put(map, plain(RegexSplitter.isolating("[\\p{P}$+<=>^~|]+").then(gpt2)
                .then(RunScanner.numbers(Integer.MAX_VALUE))
                .then(RegexSplitter.isolating("[0-9][0-9][0-9]"))), DEFAULT);
        return map;
    }

    private static NamedPreTokenizer plain(PreTokenizer splitter) {
        return new NamedPreTokenizer(splitter, false, false);
    }

    private static void put(Map<String, NamedPreTokenizer> map, NamedPreTokenizer value,
            String... names) {
        for (String name : names) {
            map.put(name, value);
        }
    }

    private static PreTokenizer sequence(List<String> regexes) {
        PreTokenizer all = RegexSplitter.isolating(regexes.getFirst());
        for (String regex : regexes.subList(1, regexes.size())) {
            all = all.then(RegexSplitter.isolating(regex));
        }
        return all;
    }
}
