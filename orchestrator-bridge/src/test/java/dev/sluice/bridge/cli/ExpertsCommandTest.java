package dev.sluice.bridge.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.sluice.kernels.RouterSpec;
import dev.sluice.router.ExpertSnapshot;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/// Goal: the heat map shows what was counted and can be read, and the commands say what is wrong
/// with bad inputs. Method: run them on a tiny model, parse the picture with the JDK's own XML and
/// PNG readers, and add up what its cells say.
final class ExpertsCommandTest {
    private static final String MODEL = Ran.model("deepseek3");
    private static final String TEXT = "A sluice is a gate that steers water. ".repeat(6);

    @TempDir
    private Path folder;
    private Path text;

    @BeforeEach
    void write() throws IOException {
        text = Files.writeString(folder.resolve("text.txt"), TEXT);
    }

    private Ran experts(String model, Path out) {
        return Ran.sluice("experts", "-m", model, "--backend", "reference", "--file",
                text.toString(), "--out", out.toString());
    }

    @Test
    void the_cells_hold_every_visit() throws Exception {
        Path map = folder.resolve("map.svg");
        Ran ran = experts(MODEL, map).succeeded();
        Document svg = parsed(Files.readString(map));
        assertEquals("svg", svg.getDocumentElement().getTagName());
        String[] words = ran.lines().getFirst().split(" ");
        int tokens = Integer.parseInt(words[0]);
        assertTrue(tokens > 20, ran.out());
        long visits = 0;
        int cells = 0;
        var titles = svg.getElementsByTagName("title");
        var cell = Pattern.compile("layer (1|2), expert (\\d+): (\\d+) tokens, .* x the mean");
        for (int i = 0; i < titles.getLength(); i++) {
            var matcher = cell.matcher(titles.item(i).getTextContent());
            if (matcher.matches()) {
                visits += Long.parseLong(matcher.group(3));
                cells++;
            }
        }
        assertEquals(2 * 16, cells, "layers with experts times experts");
        assertEquals(2L * 4 * tokens, visits, "four experts for each token and layer");
        List<String> shown = texts(svg);
        assertTrue(shown.contains("Expert load of model-f32.gguf"), shown.toString());
        assertTrue(shown.contains("%d tokens, 16 experts a layer, 4 for each token"
                .formatted(tokens)), shown.toString());
        for (String label : new String[] {"layer", "expert", "MaxVio", "1", "2", "0", "14",
                "times the layer's mean", "never", "many"}) {
            assertTrue(shown.contains(label), label + " in " + shown);
        }
        assertTrue(Files.readString(map).contains("prefers-color-scheme: dark"));
        assertTrue(ran.out().contains("MaxVio") && ran.out().contains("written to"), ran.out());
        // The table's MaxVio is the picture's.
        String first = ran.lines().get(2).strip().split(" +")[1];
        assertTrue(shown.contains(first.substring(0, first.length() - 1))
                || shown.contains("%.2f".formatted(Double.parseDouble(first))), first);
    }

    /// A text longer than the context is read in windows, to its end.
    @Test
    void long_texts_are_read_in_windows() {
        String whole = experts(MODEL, folder.resolve("whole.svg")).succeeded().lines().getFirst();
        Ran windows = Ran.sluice("experts", "-m", MODEL, "--backend", "reference", "--file",
                text.toString(), "--out", folder.resolve("w.svg").toString(), "--context", "16");
        assertEquals(whole, windows.succeeded().lines().getFirst());
    }

    @Test
    void png_is_a_picture_of_the_same_size() throws IOException {
        Path map = folder.resolve("map.PNG");
        experts(MODEL, map).succeeded();
        BufferedImage image = ImageIO.read(map.toFile());
        var colours = new java.util.HashSet<Integer>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                colours.add(image.getRGB(x, y));
            }
        }
        assertTrue(image.getWidth() >= 1000 && image.getHeight() > 300,
                image.getWidth() + "x" + image.getHeight());
        assertTrue(colours.size() > 50, colours.size() + " colours");
    }

    @Test
    void colours_rise_with_the_load() {
        int before = 0;
        for (double load : new double[] {0.01, 0.2, 0.6}) {
            int colour = HeatMap.colour(load);
            assertTrue((colour & 255) > (colour >> 16), "below the mean is blue");
            assertTrue((colour >> 16) > before, "and darker the further below");
            before = colour >> 16;
        }
        assertTrue((HeatMap.colour(4) >> 16) > (HeatMap.colour(4) & 255), "above it is red");
        assertEquals(0xEEEEEA, HeatMap.colour(1));
        assertEquals(0x8F1D1D, HeatMap.colour(1e9), 0x10101);
        assertFalse(HeatMap.colour(0) == HeatMap.colour(0.001), "never is a colour of its own");
    }

    /// Names from files go into the picture: they must not break it.
    @Test
    void odd_names_stay_text() throws Exception {
        var spec = RouterSpec.of(300, 2, RouterSpec.Scoring.SIGMOID, true, 1);
        var layer = new ExpertSnapshot.Layer(0, spec, new long[300], 0, 0, 0);
        var map = new HeatMap(new ExpertSnapshot(0, 0, List.of(layer)), "a<b>&\"\u0007.gguf");
        var canvas = new SvgCanvas(map.width(), map.height(), map.title());
        map.draw(canvas);
        Path out = folder.resolve("odd.svg");
        canvas.write(out);
        assertTrue(texts(parsed(Files.readString(out)))
                .contains("Expert load of a<b>&\".gguf"));
    }

    @Test
    void inspect_tells_how_layers_route() {
        Ran ran = Ran.sluice("inspect", MODEL, "--router").succeeded();
        assertTrue(ran.lines().get(1).matches(
                " +1 +16 +4 +sigmoid +yes +2[.]5 +4 +2 +[-0-9.]+ to [-0-9.]+"), ran.out());
        // The least and the largest of the file's exp_probs_b of layer 1.
        assertTrue(ran.lines().get(1).endsWith("  0.0071 to 0.1577"), ran.out());
        assertTrue(ran.out().contains("of the shared expert 48, layers without experts 1"));
        assertFalse(ran.out().contains("tokens through"), ran.out());
        Ran counted = Ran.sluice("inspect", MODEL, "--router", "--file", text.toString())
                .succeeded();
        assertTrue(counted.out().contains("tokens through 2 layers of 16 experts"),
                counted.out());
        String qwen = Ran.sluice("inspect", Ran.model("qwen3-moe"), "--router").succeeded().out();
        assertTrue(qwen.contains("softmax") && qwen.contains("none"), qwen);
    }

    @Test
    void wrong_use_is_said_before_anything_is_loaded() {
        experts(MODEL, folder.resolve("map.gif")).misused(".svg or .png");
        experts(MODEL, folder.resolve("no/map.svg")).failedWith("no such folder");
        Ran.sluice("experts", "-m", MODEL, "--file", folder.resolve("no.txt").toString(),
                "--out", folder.resolve("m.svg").toString()).failedWith("no.txt");
        experts(Ran.model("llama"), folder.resolve("map.svg")).failedWith("a dense model");
        Ran.sluice("inspect", Ran.model("llama"), "--router").failedWith("a dense model");
        Ran.sluice("inspect", MODEL, "--file", text.toString()).misused("--router");
        Ran.sluice("experts", "-m", MODEL, "--out", "m.svg").misused("--file");
    }

    private static Document parsed(String xml)
            throws ParserConfigurationException, SAXException, IOException {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new InputSource(new StringReader(xml)));
    }

    private static List<String> texts(Document svg) {
        var found = new java.util.ArrayList<String>();
        var nodes = svg.getElementsByTagName("text");
        for (int i = 0; i < nodes.getLength(); i++) {
            found.add(((Element) nodes.item(i)).getTextContent());
        }
        return found;
    }
}
