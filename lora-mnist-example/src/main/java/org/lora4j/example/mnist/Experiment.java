package org.lora4j.example.mnist;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.example.mnist.report.LayerParameters;
import org.lora4j.example.mnist.report.Parameters;
import org.lora4j.example.mnist.report.TestResult;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;

/** The article's steps on a trained network, each told as it happens. The trainings are the caller's. */
final class Experiment {
    private final Story story;
    private final LoRAModel model;
    private final MnistData test;
    private final List<Integer> digits;

    /**
     * Begins an experiment.
     *
     * @param model without adapters
     * @param digits each gets an adapter
     */
    Experiment(Story story, LoRAModel model, MnistData test, List<Integer> digits) {
        this.story = story;
        this.model = model;
        this.test = test;
        this.digits = digits;
    }

    /** The name of the adapter that is trained on the digit. */
    static String adapter(int digit) {
        return "digit-" + digit;
    }

    /** The network before LoRA, on the test images. */
    Answers testBase() {
        story.section("Test of the base");
        Answers answers = Answers.of(model::predict, test);
        story.test(answers.result());
        return answers;
    }

    /** Puts an adapter for each digit on every layer; tells what one adds and what is left to train. */
    void addAdapters(LoRAConfig config, InitChoice init) {
        story.section("LoRA on every layer: W + (alpha/r) B A");
        digits.forEach(digit -> model.add(adapter(digit), config));
        story.fact(
                "rank r = %d, alpha = %s, A drawn from %s, B = 0: nothing changes at first",
                config.rank(), Story.plain(config.alpha()), init.distribution());
        if (digits.size() > 1) {
            story.fact("an adapter for each digit over one base, all of the same size: %s", model.names());
        }
        story.line("");
        story.adapted(model.parameterReport(adapter(digits.get(0))));
        story.line("");
        story.fact(
                "frozen:    %s",
                names(model.network().parameters().stream()
                        .filter(parameter -> !parameter.isTrainable())
                        .toList()));
        story.fact("trainable: %s", names(model.parameters(adapter(digits.get(0)))));
    }

    private static String names(List<Parameter> parameters) {
        return String.join(", ", parameters.stream().map(Parameter::name).toList());
    }

    /** Returns the view that trains the adapter of one digit and no other. */
    AdapterView view(int digit) {
        return model.using(adapter(digit));
    }

    /** Lets the adapters of all digits take part. */
    void activateAll() {
        model.activate(digits.stream().map(Experiment::adapter).toArray(String[]::new));
    }

    /** Checks that only the factors have changed. */
    Proofs prove(Network before) {
        story.section("Proofs, bit for bit");
        Proofs proofs = Proofs.of(model, before);
        story.proof("Every frozen parameter is what it was", proofs.frozenUnchanged());
        story.proof("LoRA on: the weight is exactly original + (B A) scale", proofs.effectiveWeightExact());
        story.proof("LoRA off: the weight is exactly the original", proofs.disabledEqualsOriginal());
        return proofs;
    }

    /** Tests with LoRA on, off and merged into a plain network. */
    Comparison compare(Answers base) {
        story.section("The same test with LoRA");
        Comparison comparison = new Comparison(
                base, Answers.of(model::predict, test), disabled(), Answers.of(model.mergeActive()::predict, test));
        Map<String, TestResult> results = new LinkedHashMap<>();
        results.put("base", comparison.base().result());
        results.put("LoRA on", comparison.enabled().result());
        results.put("LoRA off", comparison.disabled().result());
        results.put("LoRA merged", comparison.merged().result());
        story.comparison(results);
        story.line("");
        story.change(digits, comparison.base().result(), comparison.enabled().result());
        return comparison;
    }

    private Answers disabled() {
        LoRAModel.Scope scope = model.disable();
        try {
            return Answers.of(model::predict, test);
        } finally {
            scope.close();
        }
    }

    /** Shapes and counts of one adapter, for the report. */
    Parameters parameters() {
        ParameterReport report = model.parameterReport(adapter(digits.get(0)));
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
