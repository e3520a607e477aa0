package dev.sluice.bridge.cli;

import dev.sluice.models.onnx.OnnxExport;
import dev.sluice.models.onnx.WeightForm;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `sluice export`: a model as an ONNX decoder, with all that is needed to serve it.
@Command(name = "export", description = "Write a model as an ONNX decoder.")
final class ExportCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL", description = "A .gguf file, or a folder with safetensors.")
    private Path model;

    @Option(names = "--onnx", required = true, paramLabel = "DIR",
            description = "The folder to write; made when it is missing.")
    private Path folder;

    @Option(names = "--weights", paramLabel = "FORM", defaultValue = "f32",
            description = "f32, int4 or int8 (default: ${DEFAULT-VALUE}).")
    private WeightForm form;

    @Override
    public Integer call() throws IOException {
        long begin = System.nanoTime();
        OnnxExport.write(model, folder, form, _ -> { });
        long bytes = 0;
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                bytes += Files.size(file);
            }
        }
        PrintWriter out = spec.commandLine().getOut();
        out.println("%s: %s in %.1f s; run it with -m %s".formatted(folder, ByteSize.text(bytes),
                (System.nanoTime() - begin) / 1e9, folder));
        return 0;
    }
}
