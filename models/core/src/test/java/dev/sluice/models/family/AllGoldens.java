package dev.sluice.models.family;
import java.nio.file.*;
import java.util.*;
public class AllGoldens {
    public static void main(String[] a) throws Exception {
        Path root = Path.of(a[0]);
        String backend = a[1];
        try (var dirs = Files.list(root)) {
            for (Path d : dirs.sorted().toList()) {
                if (a.length > 2 && !d.getFileName().toString().matches(a[2])) continue;
                for (String m : List.of("model-f32.gguf", "hf")) {
                    if (!Files.exists(d.resolve(m))) continue;
                    try {
                        var g = GoldenLogits.read(d, "golden-logits.f32");
                        int[] greedy = new int[g.greedy().length];
                        float[] got = GoldenLogits.run(d.resolve(m), backend, g.prompt(), 17, greedy.length, greedy);
                        System.out.printf("%-16s %-14s rel %.2e greedy %s%n", d.getFileName(), m, GoldenLogits.relativeError(got, g.logits()), Arrays.equals(greedy, g.greedy()));
                    } catch (Throwable e) { System.out.printf("%-16s %-14s %s%n", d.getFileName(), m, e); if (a.length > 3) e.printStackTrace(); }
                }
            }
        }
    }
}
