package dev.sluice.models.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Goal: no template can hang the process, fill its memory or end in anything but the two
/// exceptions of this package. Method: known bombs on a thread with a small stack, each with a
/// bound on its time; and templates of the repository with random edits and cut at any place.
class HostileTemplateTest {
    private static final int STACK_BYTES = 512 * 1024;
    private static final long MILLIS_MAX = 4_000;

    private static final List<String> BOMBS = List.of(
            "{{ " + "(".repeat(100_000) + "1" + ")".repeat(100_000) + " }}",
            "{{ " + "[".repeat(5_000) + "]".repeat(5_000) + " }}",
            "{{ " + "not ".repeat(100_000) + "1 }}",
            "{{ " + "-".repeat(100_000) + "1 }}",
            "{{ " + "1 if ".repeat(100_000) + " }}",
            "{{ a" + "|list".repeat(100_000) + " }}",
            "{{ x" + ".a".repeat(100_000) + " }}",
            "{{ range" + "(1)".repeat(100_000) + " }}",
            "{% if 1 %}".repeat(50_000),
            "{% for a in [1] %}".repeat(200) + "{% endfor %}".repeat(200),
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% macro m(x) %}{% for i in [1] %}{% if x %}{{ [m([x])]|join|upper }}"
                    + "{% endif %}{% endfor %}{% endmacro %}{{ m(1) }}",
            "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}",
            "{% for x in [[1]] recursive %}{{ loop([x]) }}{% endfor %}",
            "{{ range(1000000000000) | list }}",
            "{{ 'x' * 1000000000000 }}",
            "{{ 'x' * 100000000 }}",
            "{{ [0] * 1000000000 }}",
            "{{ 9 ** (9 ** 9) }}",
            "{{ 2 ** 100000 }}",
            "{% set ns = namespace(s='x') %}{% for i in range(99) %}"
                    + "{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
            "{% set ns = namespace(s='x') %}{% for i in range(99) %}"
                    + "{% set ns.s = ns.s.replace('x', 'xxx') %}{% endfor %}",
            "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}"
                    + "{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
            "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}"
                    + "{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s == ns.s|list }}",
            "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}"
                    + "{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s|tojson(indent=4) }}",
            "{% set ns = namespace(s=[]) %}{% for i in range(90000) %}"
                    + "{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}",
            "{% set ns = namespace(s=[]) %}{% for i in range(90000) %}"
                    + "{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s|tojson }}",
            "{% set ns = namespace(s=[]) %}{% for i in range(90000) %}"
                    + "{% set ns.s = [ns.s] %}{% endfor %}{{ {}[ns.s] }}{{ ns.s in [ns.s[0]] }}",
            "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
            "{{ '%1000000000d' % 1 }}", "{{ '%*d' % (1000000000, 1) }}",
            "{{ '{:1000000000}'.format(1) }}", "{{ '{:.1000000000f}'.format(1.5) }}",
            "{{ 'x'.center(2000000000) }}", "{{ 'x'.zfill(2000000000) }}",
            "{{ 'x\n' * 9 | indent(2000000000) }}", "{{ [1] | batch(2000000000, 1) | list }}",
            "{{ 1.5 | round(1000000000) }}", "{{ '1' * 400000 | int ** 2 }}",
            "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{{ s }}{% endfor %}",
            "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{% if 'b' in s %}"
                    + "{% endif %}{% endfor %}",
            "{{ ('a' * 900000 ~ 'b') in 'a' * 2000000 }}",
            "{{ ('a' * 2000000).split('a' * 900000 ~ 'b') }}",
            "{{ ('a' * 2000000) | replace('a' * 900000 ~ 'b', '') }}",
            "{% set s = ['A' * 99999] * 999 %}{% for i in range(99) %}{{ s | sort | first }}"
                    + "{% endfor %}",
            "{% set s = '1' * 999999 %}{% for i in range(99999) %}{% if s | int %}"
                    + "{% endif %}{% endfor %}",
            "{% set s = '東' * 1000000 %}{% for i in range(99999) %}{% if s[999999] %}"
                    + "{% endif %}{% endfor %}",
            "{% set s = '東' * 1000000 %}{% for i in range(99999) %}{% if s|length %}"
                    + "{% endif %}{% endfor %}",
            "{% set s = 'a' * 1000000 %}{% for i in range(99999) %}{% if s == s ~ 'b' %}"
                    + "{% endif %}{% endfor %}",
            "{% set s = 'a ' * 100000 %}{% for i in range(99999) %}{% set q = s.split() %}"
                    + "{% endfor %}",
            "{% set s = range(99999)|list %}{% for i in s %}{% if s|sort|first in s %}"
                    + "{% endif %}{% endfor %}",
            "{% set s = range(99999)|list %}{% set q = s|unique|list %}{{ q|length }}");

    @Test
    void bombsEndQuicklyInATemplateException() throws InterruptedException {
        var wrong = new ArrayList<String>();
        Thread thread = new Thread(null, () -> {
            for (String bomb : BOMBS) {
                String outcome = outcome(bomb);
                if (!outcome.isEmpty()) {
                    wrong.add(bomb.substring(0, Math.min(80, bomb.length())) + ": " + outcome);
                }
            }
        }, "bombs", STACK_BYTES);
        thread.start();
        thread.join();
        assertEquals(List.of(), wrong);
    }

    /// Empty when the template failed as it should.
    private static String outcome(String source) {
        long start = System.nanoTime();
        String outcome;
        try {
            outcome = "rendered " + ChatTemplate.parse(source)
                    .render(Map.of("a", List.of(1L)), ChatGoldenTest.CLOCK).length();
        } catch (TemplateException e) {
            outcome = "";
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            outcome = e.toString();
        }
        long millis = (System.nanoTime() - start) / 1_000_000;
        return millis > MILLIS_MAX ? outcome + " after " + millis + " ms" : outcome;
    }

    @Test
    void longChainsAreNotDeep() {
        String sum = "{{ 0" + " + 1".repeat(5_000) + " }}{{ ''" + " ~ 'x'".repeat(3) + " }}";
        assertEquals("5000xxx", ChatTemplate.parse(sum).render(Map.of(), ChatGoldenTest.CLOCK));
    }

    @Test
    void errorsNameTheLine() {
        var unknown = assertThrows(TemplateException.class,
                () -> ChatTemplate.parse("a\n\n{{ x|nope }}"));
        assertEquals("chat template, line 3: there is no filter named 'nope'",
                unknown.getMessage());
        ChatTemplate late = ChatTemplate.parse("{% macro m() %}\n{% endmacro %}\n{{ m() }}\n"
                + "{{ m() + missing\n .name }}");
        var reached = assertThrows(TemplateException.class,
                () -> late.render(Map.of(), ChatGoldenTest.CLOCK));
        assertEquals("chat template, line 5: 'missing' is undefined", reached.getMessage());
    }

    @Test
    void mutatedTemplatesFailOnlyWithTheExceptionsOfThisPackage() throws IOException {
        var sources = new ArrayList<String>();
        Map<?, ?> goldens = ChatGoldenTest.carried();
        for (Object name : ((Map<?, ?>) goldens.get("templates")).keySet()) {
            sources.add(ChatGoldenTest.resource((String) name));
        }
        Map<?, ?> conversations = (Map<?, ?>) goldens.get("conversations");
        Map<String, Object> variables =
                ChatGoldenTest.variables((Map<?, ?>) conversations.get("tool-call"));
        int rendered = 0;
        long seed = 20261120;
        var random = new Random(seed);
        long end = System.nanoTime() + 6_000_000_000L;
        int runs = 0;
        while (runs < 6_000 && System.nanoTime() < end) {
            String source = mutated(sources.get(runs % sources.size()), random);
            try {
                ChatTemplate.parse(source).render(variables, ChatGoldenTest.CLOCK);
                rendered++;
            } catch (TemplateException | TemplateRefusedException e) {
                assertTrue(e.getMessage() != null);
            } catch (RuntimeException | StackOverflowError e) {
                throw new AssertionError("run " + runs + " of seed " + seed + ":\n" + source, e);
            }
            runs++;
        }
        System.out.println("mutated templates: " + runs + ", rendered all the same: " + rendered);
        assertTrue(runs > 300 && rendered > 0 && rendered < runs);
    }

    private static String mutated(String source, Random random) {
        var text = new StringBuilder(source);
        for (int edits = 1 + random.nextInt(3); edits > 0; edits--) {
            int at = random.nextInt(text.length());
            int other = random.nextInt(text.length());
            int length = random.nextInt(1 + Math.min(24, text.length() - other));
            switch (random.nextInt(5)) {
                case 0 -> text.setLength(Math.max(1, at));
                case 1 -> text.delete(at, Math.min(text.length(), at + 1 + random.nextInt(8)));
                case 2 -> text.insert(at, source, 0, Math.min(source.length(), length));
                case 3 -> text.insert(at, text.substring(other, other + length));
                default -> text.setCharAt(at, "{}%#-+()[]|.'\"\\=~*/<> n1".charAt(
                        random.nextInt(24)));
            }
            if (text.isEmpty()) {
                text.append('x');
            }
        }
        return text.toString();
    }
}
