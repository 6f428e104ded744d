package org.lora4j.example.mnist.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.console.report.TestResult;
import org.lora4j.example.mnist.experiment.Predictions;
import org.lora4j.example.mnist.experiment.RichBoyNet;
import org.lora4j.example.mnist.report.TextReport;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code evaluate}: tests a stored network, with or without a stored adapter. */
@Command(name = "evaluate", description = "Test a stored network, with or without an adapter, on the test images.")
public final class EvaluateCommand extends WorkCommand {
    @Option(
            names = "--base",
            paramLabel = "FILE",
            required = true,
            description = "The network: the file base.safetensors that 'run' writes.")
    @SuppressWarnings("NullAway.Init")
    private Path base;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "An adapter: a folder with adapter_config.json and adapter_model.safetensors, from 'run' or"
                    + " from Python's PEFT.")
    private @Nullable Path adapter;

    @Option(
            names = "--merge",
            description = "Merge the adapter into the weights before the test. The predictions are the same.")
    private boolean merge;

    @Mixin
    private final DataOptions data = new DataOptions();

    @Option(
            names = "--json",
            description = "Print one line of JSON and nothing else: {\"accuracy\": a, \"wrong\": [per digit]}.")
    private boolean json;

    EvaluateCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.require(!merge || adapter != null, "--merge needs an adapter, found no --adapter");
    }

    @Override
    protected void work() throws IOException {
        TestResult result = Predictions.of(model(), data.load().test()).result();
        if (json) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("accuracy", result.accuracy());
            values.put("wrong", result.wrong());
            out().println(JsonMapper.builder().build().writeValueAsString(values));
        } else {
            TextReport text = new TextReport(out());
            text.line("%s on the %,d test images of %s", title(), result.examples(), data.title());
            text.test(result);
        }
    }

    private Model model() throws IOException {
        Network network = RichBoyNet.load(base);
        if (adapter == null) {
            return network;
        }
        AdapterView view = LoRAModel.of(network).load("adapter", adapter);
        return merge ? view.merge() : view;
    }

    private String title() {
        return adapter == null ? base.toString() : base + (merge ? " merged with " : " with ") + adapter;
    }
}
