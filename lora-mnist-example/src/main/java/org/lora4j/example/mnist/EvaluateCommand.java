package org.lora4j.example.mnist;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.example.mnist.report.TestResult;
import org.lora4j.nn.Network;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code evaluate}: tests a stored network. */
@Command(name = "evaluate", description = "Test a stored network on the test images.")
final class EvaluateCommand extends WorkCommand {
    @Option(
            names = "--base",
            paramLabel = "FILE",
            required = true,
            description = "The network, as 'run' writes it to base.safetensors.")
    @SuppressWarnings("NullAway.Init")
    private Path base;

    @Mixin
    private final DataOptions data = new DataOptions();

    @Option(names = "--json", description = "Print JSON and nothing else: {\"accuracy\": a, \"wrong\": [per digit]}.")
    private boolean json;

    @Override
    void checkOptions(OptionCheck check) {}

    @Override
    void work() throws IOException {
        Network network = RichBoyNet.load(base);
        TestResult result = Answers.of(network, data.load().test()).result();
        if (json) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("accuracy", result.accuracy());
            values.put("wrong", result.wrong());
            out().println(JsonMapper.builder().build().writeValueAsString(values));
        } else {
            Story story = new Story(out());
            story.line("%s on the %,d test images of %s", base, result.images(), data.title());
            story.test(result);
        }
    }
}
