import dev.sluice.kernels.BackendOptions;
import dev.sluice.kernels.Kernels;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.json.Json;
import dev.sluice.runtime.AnswerOptions;
import dev.sluice.runtime.SamplingParams;
import dev.sluice.runtime.Sluice;

/// Reads one JSON string a line, a whole prompt, and prints one a line: what the model goes on
/// with, greedily. Arguments: MODEL, most tokens. For evaluate.py.
void main(String[] args) throws IOException {
    AnswerOptions greedy = AnswerOptions.defaults()
            .withSampling(SamplingParams.defaults().withTemperature(0))
            .withMaxTokens(Integer.parseInt(args[1]));
    Kernels kernels = Kernels.open("vector", new BackendOptions(0, 1, Long.MAX_VALUE));
    try (Sluice sluice = Sluice.open(Path.of(args[0]), kernels, LoadOptions.defaults());
            var in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"))) {
        Sluice model = sluice.with(greedy);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String prompt = (String) Json.parse(line);
            IO.println(quoted(model.complete(prompt).text()));
        }
    }
}

String quoted(String text) {
    var out = new StringBuilder("\"");
    text.chars().forEach(c -> {
        if (c == '"' || c == '\\') {
            out.append('\\').append((char) c);
        } else if (c < 32 || c > 126) {
            out.append(String.format("\\u%04x", c));
        } else {
            out.append((char) c);
        }
    });
    return out.append('"').toString();
}
