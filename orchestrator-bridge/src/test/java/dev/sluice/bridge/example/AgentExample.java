package dev.sluice.bridge.example;

import dev.sluice.models.defaults.DefaultModel;
import dev.sluice.runtime.Agent;
import dev.sluice.runtime.AnswerOptions;
import dev.sluice.runtime.SamplingParams;
import dev.sluice.runtime.Sluice;
import dev.sluice.runtime.Tool;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Two models of one process: the orchestrator decides, Java and the worker do the work.
public final class AgentExample {
    private AgentExample() { }

    static String weather(Map<String, Object> arguments) {
        return "{\"city\": \"" + arguments.get("city") + "\", \"temperature\": 21}";
    }

    public static void main(String[] requests) {
        Path folder = Path.of(System.getProperty("user.home"), ".sluice", "models");
        var greedy = AnswerOptions.defaults().withSampling(SamplingParams.greedy());
        try (Sluice worker = Sluice.open(DefaultModel.WORKER.extractTo(folder)).with(greedy);
                Sluice orchestrator = Sluice.open(DefaultModel.ORCHESTRATOR.extractTo(folder))
                        .with(greedy)) {
            Tool weather = Tool.of("get_weather", "Get the weather", AgentExample::weather)
                    .taking("city", "string");
            Tool total = Tool.of("check_total", "Check the total", arguments -> {
                String answer = worker.chat("What is " + arguments.get("expression") + "?").text();
                return answer.substring(answer.lastIndexOf("= ") + 2);
            }).taking("expression", "string");
            var agent = new Agent(orchestrator, List.of(weather, total));
            for (String request : requests) {
                System.out.println(agent.ask(request));
            }
        }
    }
}
