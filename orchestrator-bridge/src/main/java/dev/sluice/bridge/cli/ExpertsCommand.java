package dev.sluice.bridge.cli;

import dev.sluice.kernels.DType;
import dev.sluice.models.LoadOptions;
import dev.sluice.models.LoadedModel;
import dev.sluice.router.ExpertSnapshot;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `sluice experts`: where the tokens of a text went in a mixture of experts, as a picture and a
/// table.
@Command(name = "experts",
        description = "Draw a heat map of where a text's tokens go in a mixture of experts.")
final class ExpertsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private ModelOptions options;

    @Option(names = "--file", required = true, paramLabel = "TEXT",
            description = "The text, UTF-8.")
    private Path file;

    @Option(names = "--out", required = true, paramLabel = "F",
            description = "The picture: a name that ends in .svg or .png.")
    private Path out;

    @Option(names = "--context", paramLabel = "TOKENS", defaultValue = "0",
            description = "Tokens that are read together (default: the model's limit, at most "
                    + "4096).")
    private int context;

    @Override
    public Integer call() throws IOException {
        String name = out.getFileName() == null ? ""
                : out.getFileName().toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".svg") && !name.endsWith(".png")) {
            throw new ParameterException(spec.commandLine(),
                    "--out must end in .svg or .png, got '%s'".formatted(out));
        }
        if (context < 0) {
            throw new ParameterException(spec.commandLine(), "--context must not be negative");
        }
        Path folder = out.toAbsolutePath().getParent();
        if (!Files.isDirectory(folder)) {
            throw new CommandFailedException(folder + ": no such folder");
        }
        TextFiles.read(file);
        BackendChoice backend = options.backend();
        var load = new LoadOptions(DType.F16, context, 1, LoadOptions.DEFAULT_MAX_ROWS);
        try (LoadedModel model = options.open(backend, load)) {
            RoutedText.requireExperts(model, options.path());
            spec.commandLine().getErr().println(options.note(backend, model));
            RoutedText.run(model, file);
            var table = ExpertTable.of(model);
            draw(table.snapshot(), name.endsWith(".svg"));
            PrintWriter lines = spec.commandLine().getOut();
            table.print(lines);
            lines.println("written to " + out);
        }
        return 0;
    }

    private void draw(ExpertSnapshot snapshot, boolean svg) throws IOException {
        var map = new HeatMap(snapshot, options.path().toAbsolutePath().getFileName().toString());
        Canvas canvas = svg ? new SvgCanvas(map.width(), map.height(), map.title())
                : pngCanvas(map);
        map.draw(canvas);
        canvas.write(out);
    }

    /// A JDK can come without the libraries that draw text, as small container images do.
    private static Canvas pngCanvas(HeatMap map) {
        System.setProperty("java.awt.headless", "true");
        try {
            return new PngCanvas(map.width(), map.height());
        } catch (LinkageError e) {
            throw new CommandFailedException(
                    "this machine can not draw PNG (" + e.getMessage() + "); ask for .svg");
        }
    }
}
