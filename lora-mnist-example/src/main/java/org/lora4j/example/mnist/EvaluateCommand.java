package org.lora4j.example.mnist;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.example.mnist.report.TestResult;
import org.lora4j.io.PeftAdapters;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.ndarray.INDArray;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code evaluate}: tests a stored network, alone or with a stored adapter. */
@Command(name = "evaluate", description = "Test a stored network, or one with an adapter, on the test images.")
final class EvaluateCommand extends WorkCommand {
    @Option(
            names = "--base",
            paramLabel = "FILE",
            required = true,
            description = "The network, as 'run' writes it to base.safetensors.")
    @SuppressWarnings("NullAway.Init")
    private Path base;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "An adapter in PEFT's form to test it with: a folder with adapter_config.json and"
                    + " adapter_model.safetensors, from 'run' or from Python.")
    private @Nullable Path adapter;

    @Option(names = "--merge", description = "Merge the adapter into the weights first; the answers are the same.")
    private boolean merge;

    @Mixin
    private final DataOptions data = new DataOptions();

    @Option(names = "--json", description = "Print JSON and nothing else: {\"accuracy\": a, \"wrong\": [per digit]}.")
    private boolean json;

    @Override
    void checkOptions(OptionCheck check) {
        check.require(!merge || adapter != null, "--merge needs an adapter, found no --adapter");
    }

    @Override
    void work() throws IOException {
        TestResult result = Answers.of(network(), data.load().test()).result();
        if (json) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("accuracy", result.accuracy());
            values.put("wrong", result.wrong());
            out().println(JsonMapper.builder().build().writeValueAsString(values));
        } else {
            Story story = new Story(out());
            story.line("%s on the %,d test images of %s", title(), result.images(), data.title());
            story.test(result);
        }
    }

    private UnaryOperator<INDArray> network() throws IOException {
        Network network = RichBoyNet.load(base);
        if (adapter == null) {
            return network::predict;
        }
        LoRAModel model = LoRAModel.of(network);
        model.add("adapter", PeftAdapters.load(adapter, network));
        return merge ? model.mergeActive()::predict : model::predict;
    }

    private String title() {
        return adapter == null ? base.toString() : base + (merge ? " merged with " : " with ") + adapter;
    }
}
