package dev.sluice.benchmarks;

import com.sun.management.ThreadMXBean;
import dev.sluice.models.ModelTexts;
import dev.sluice.models.file.GgufFile;
import dev.sluice.models.tokenizer.Tokenizer;
import dev.sluice.runtime.TokenMask;
import dev.sluice.runtime.grammar.Grammar;
import dev.sluice.runtime.grammar.GrammarState;
import dev.sluice.runtime.grammar.Grammars;
import dev.sluice.runtime.grammar.VocabularyTrie;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// What a grammar costs with a real vocabulary: compiling it, and each token mask on the way
/// through a text, with nothing cached before the text (a new grammar each time) and with all of
/// it. Arguments: a GGUF file with a vocabulary, rounds. Every token of the text must be allowed.
/// Times are of the thread on its processor, so that other work on the machine does not count.
public final class GrammarTiming {
    private static final String TOOL = """
            {"type":"object","properties":{"name":{"enum":["search","read_file","write_file"]},
            "arguments":{"type":"object","properties":{"path":{"type":"string"},
            "query":{"type":"string","minLength":1,"maxLength":200},
            "limit":{"type":"integer","minimum":1,"maximum":100},
            "recursive":{"type":"boolean"},"tags":{"type":"array","items":{"type":"string"}}},
            "required":["path"],"additionalProperties":false}},
            "required":["name","arguments"],"additionalProperties":false}""";
    private static final String PERSON = """
            {"type":"object","properties":{"id":{"type":"string","format":"uuid"},
            "name":{"type":"string","pattern":"^[A-Z][a-z]+ [A-Z][a-z]+$"},
            "born":{"type":"string","format":"date"},"score":{"type":"number","minimum":0,
            "maximum":1},"email":{"type":"string","format":"email"},
            "friends":{"type":"array","items":{"$ref":"#"},"maxItems":5}},
            "required":["id","name"]}""";

    private record Case(Supplier<Grammar> grammar, String text) { }

    private static final ThreadMXBean THREADS =
            (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private GrammarTiming() { }

    private static long now() { return THREADS.getCurrentThreadCpuTime(); }

    public static void main(String[] args) throws IOException {
        Tokenizer tokenizer;
        try (GgufFile file = GgufFile.open(Path.of(args[0]))) {
            tokenizer = ModelTexts.of(file).tokenizer();
        }
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 200;
        long begin = now();
        var trie = new VocabularyTrie(tokenizer, tokenizer.vocabSize());
        System.out.printf("%s: %d tokens, trie made in %.0f ms%n", Path.of(args[0]).getFileName(),
                tokenizer.vocabSize(), (now() - begin) / 1e6);
        var everything = new Times();
        cases().forEach((name, each) -> {
            int[] ids = tokenizer.encode(each.text, Tokenizer.Special.AS_TEXT);
            new Times().run(each, ids, trie, rounds);
            var times = new Times();
            times.run(each, ids, trie, rounds);
            System.out.printf("%-12s %4d tokens, compile median %6.3f ms%n", name, ids.length,
                    Times.quantile(times.compile, 0.5) / 1e6);
            times.print("  all masks", times.all);
            times.print("  first text", times.first);
            times.print("  then", times.later);
            System.out.printf("  bytes allocated per mask once all is known: %d%n", times.bytes);
            everything.all.addAll(times.all);
            everything.compile.addAll(times.compile);
        });
        everything.print("together", everything.all);
        System.out.printf("compile median %.3f ms, p99 %.3f ms%n",
                Times.quantile(everything.compile, 0.5) / 1e6,
                Times.quantile(everything.compile, 0.99) / 1e6);
    }

    private static Map<String, Case> cases() {
        var cases = new LinkedHashMap<String, Case>();
        cases.put("tool call", new Case(() -> Grammars.jsonSchema(TOOL), """
                {"name": "write_file", "arguments": {"path": "src/main/java/Example.java", \
                "query": "all the places where the \\"cache\\" is filled\\nand emptied again", \
                "limit": 25, "recursive": true, "tags": ["java", "caching", "a b c"]}}"""));
        cases.put("person", new Case(() -> Grammars.jsonSchema(PERSON), """
                {"id":"123e4567-e89b-12d3-a456-426614174000","name":"Ada Lovelace",\
                "born":"1815-12-10","score":0.9975,"email":"ada@example.com","friends":[\
                {"id":"00000000-e89b-12d3-a456-426614174000","name":"Charles Babbage",\
                "note":"extra","more":[1,2.5e3,null]}]}"""));
        cases.put("json object", new Case(Grammars::jsonObject, """
                {
                  "title": "A short report on sluices, gates and their keepers",
                  "sections": [
                    {"heading": "Water", "words": 1200, "done": true, "notes": null},
                    {"heading": "Caf\u00e9 \u4f60\u597d", "words": 300.5, "done": false}
                  ],
                  "index": {"a": 1, "b": 2, "c": {"d": [[], [1, -2e-5], {}]}}
                }"""));
        cases.put("regex", new Case(
                () -> Grammars.regex("(yes|no), because ([a-z]+ ){2,12}[a-z]+\\."),
                "yes, because the water runs down the hill to the sea."));
        return cases;
    }

    /// Nanoseconds of each piece of work.
    private static final class Times {
        private final List<Long> compile = new ArrayList<>();
        private final List<Long> all = new ArrayList<>();
        private final List<Long> first = new ArrayList<>();
        private final List<Long> later = new ArrayList<>();
        private long bytes;

        void run(Case each, int[] ids, VocabularyTrie trie, int rounds) {
            var mask = new TokenMask(trie.vocab());
            for (int round = 0; round < rounds; round++) {
                long begin = now();
                Grammar grammar = each.grammar.get();
                compile.add(now() - begin);
                read(new GrammarState(grammar, trie), ids, mask, first);
                for (int again = 0; again < 3; again++) {
                    read(new GrammarState(grammar, trie), ids, mask, later);
                }
                var state = new GrammarState(grammar, trie);
                state.fill(mask);
                long before = THREADS.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 100; i++) {
                    state.fill(mask);
                }
                bytes = (THREADS.getCurrentThreadAllocatedBytes() - before) / 100;
            }
            all.addAll(first);
            all.addAll(later);
        }

        private static void read(GrammarState state, int[] ids, TokenMask mask, List<Long> times) {
            for (int id : ids) {
                long begin = now();
                state.fill(mask);
                times.add(now() - begin);
                if (!mask.allows(id) || !state.accept(id)) {
                    throw new IllegalStateException("token " + id + " of the text is not allowed");
                }
            }
            state.fill(mask);
            if (!state.canEnd()) {
                throw new IllegalStateException("the text does not end");
            }
        }

        void print(String name, List<Long> nanos) {
            System.out.printf("%-12s mask median %7.1f us, p90 %7.1f, p99 %7.1f, most %8.1f%n",
                    name, quantile(nanos, 0.5) / 1e3, quantile(nanos, 0.9) / 1e3,
                    quantile(nanos, 0.99) / 1e3, quantile(nanos, 1) / 1e3);
        }

        static double quantile(List<Long> nanos, double share) {
            long[] sorted = new long[nanos.size()];
            for (int i = 0; i < sorted.length; i++) {
                sorted[i] = nanos.get(i);
            }
            Arrays.sort(sorted);
            return sorted[(int) Math.min(sorted.length - 1, Math.round(share * sorted.length))];
        }
    }
}
