package dev.sluice.bridge.cli;

import dev.sluice.kernels.BackendUnavailableException;
import dev.sluice.kernels.Kernels;
import dev.sluice.kernels.spi.KernelBackendProvider;
import dev.sluice.models.HostMemory;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `sluice doctor`: the JDK, the processor, memory, and each backend: usable, or why not.
@Command(name = "doctor",
        description = "Print the JDK, the processor, memory, and which backends are usable.")
final class DoctorCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        HostMemory memory = HostMemory.now();
        out.println("sluice     " + Version.text());
        out.println("java       %s (%s), %s".formatted(Runtime.version(),
                System.getProperty("java.vendor"), System.getProperty("java.home")));
        out.println("system     %s %s".formatted(
                System.getProperty("os.name"), System.getProperty("os.arch")));
        out.println("processor  %s, %d threads".formatted(
                processorName(), Runtime.getRuntime().availableProcessors()));
        out.println("memory     %s, %s available; Java heap at most %s".formatted(
                ByteSize.text(memory.totalBytes()), ByteSize.text(memory.availableBytes()),
                ByteSize.text(Runtime.getRuntime().maxMemory())));
        List<KernelBackendProvider> providers = Kernels.providers();
        for (KernelBackendProvider provider : providers) {
            String reason = provider.unavailableReason();
            out.println("backend    %-10s %s".formatted(provider.name(), reason.isEmpty()
                    ? "usable: " + provider.description()
                    : "not usable: " + reason));
        }
        try {
            out.println("auto       " + BackendChoice.best(providers).name());
            return 0;
        } catch (BackendUnavailableException e) {
            throw new CommandFailedException(e.getMessage());
        }
    }

    static String processorName() {
        Path cpuinfo = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(cpuinfo)) {
            return System.getProperty("os.arch");
        }
        try (Stream<String> lines = Files.lines(cpuinfo)) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst().orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }
}
