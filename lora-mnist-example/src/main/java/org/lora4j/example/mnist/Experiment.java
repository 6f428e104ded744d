package org.lora4j.example.mnist;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAConfig;
import org.lora4j.ParameterReport;
import org.lora4j.example.mnist.report.LayerParameters;
import org.lora4j.example.mnist.report.Parameters;
import org.lora4j.example.mnist.report.TestResult;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;

/** The article's steps on a trained network, each told as it happens. The trainings are the caller's. */
final class Experiment {
    private final Story story;
    private final Network network;
    private final MnistData test;

    Experiment(Story story, Network network, MnistData test) {
        this.story = story;
        this.network = network;
        this.test = test;
    }

    /** The network before LoRA, on the test images. */
    Answers testBase() {
        story.section("Test of the base");
        Answers answers = Answers.of(network, test);
        story.test(answers.result());
        return answers;
    }

    /** Decorates every layer and tells what that adds and what is left to train. */
    LoRALayers addLoRA(LoRAConfig config, InitChoice init) {
        story.section("LoRA on every layer: W + (alpha/r) B A");
        LoRALayers lora = LoRALayers.register(network, config);
        story.fact(
                "rank r = %d, alpha = %s, A drawn from %s, B = 0: nothing changes at first",
                config.rank(), Story.plain(config.alpha()), init.distribution());
        story.line("");
        story.adapted(ParameterReport.of(network));
        story.line("");
        story.fact(
                "frozen:    %s",
                names(network.parameters().stream()
                        .filter(parameter -> !parameter.isTrainable())
                        .toList()));
        story.fact("trainable: %s", names(List.copyOf(network.newTrainingPass().trainableParameters())));
        return lora;
    }

    private static String names(List<Parameter> parameters) {
        return String.join(", ", parameters.stream().map(Parameter::name).toList());
    }

    /** Checks that only the factors have changed. */
    Proofs prove(Network before, LoRALayers lora) {
        story.section("Proofs, bit for bit");
        Proofs proofs = Proofs.of(network, before, lora);
        story.proof("Every frozen parameter is what it was", proofs.frozenUnchanged());
        story.proof("LoRA on: the weight is exactly original + (B A) scale", proofs.effectiveWeightExact());
        story.proof("LoRA off: the weight is exactly the original", proofs.disabledEqualsOriginal());
        return proofs;
    }

    /** Tests with LoRA on, off and merged into a plain network. */
    Comparison compare(Answers base, LoRALayers lora, int digit) {
        story.section("The same test with LoRA");
        lora.setEnabled(false);
        Answers off = Answers.of(network, test);
        lora.setEnabled(true);
        Comparison comparison = new Comparison(base, Answers.of(network, test), off, Answers.of(network.merge(), test));
        Map<String, TestResult> results = new LinkedHashMap<>();
        results.put("base", comparison.base().result());
        results.put("LoRA on", comparison.enabled().result());
        results.put("LoRA off", comparison.disabled().result());
        results.put("LoRA merged", comparison.merged().result());
        story.comparison(results);
        story.line("");
        story.change(digit, comparison.base().result(), comparison.enabled().result());
        return comparison;
    }

    /** Shapes and counts, for the report. */
    Parameters parameters() {
        ParameterReport report = ParameterReport.of(network);
        return Parameters.of(
                report.original(),
                report.lora(),
                report.layers().stream().map(Experiment::shapes).toList());
    }

    private static LayerParameters shapes(ParameterReport.Layer layer) {
        return new LayerParameters(
                layer.path(), layer.weight(), present(layer.bias()), present(layer.loraA()), present(layer.loraB()));
    }

    private static List<Long> present(@Nullable List<Long> shape) {
        return shape == null ? List.of() : shape;
    }
}
