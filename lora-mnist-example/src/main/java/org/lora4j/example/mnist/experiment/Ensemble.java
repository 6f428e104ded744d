package org.lora4j.example.mnist.experiment;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.LoRAModel;
import org.lora4j.algebra.AdapterCombination;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.mnist.report.Report;
import org.lora4j.example.mnist.report.TextReport;
import org.lora4j.example.support.report.TestResult;

/** Several adapters over one base: each alone, all together, combined into one, and one per row. */
final class Ensemble {
    private final LoRAModel model;
    private final MnistData test;
    private final List<Integer> digits;

    /**
     * Creates an ensemble.
     *
     * @param model has an adapter for each of the digits
     */
    Ensemble(LoRAModel model, MnistData test, List<Integer> digits) {
        this.model = model;
        this.test = test;
        this.digits = digits;
    }

    /** Runs all tests and prints them. Returns them by name. */
    Map<String, TestResult> compare(TextReport text, Predictions base) {
        text.section("The adapters alone, together, combined and one per row");
        Map<String, TestResult> results = new LinkedHashMap<>();
        Map<Integer, Predictions> alone = new LinkedHashMap<>();
        for (int digit : digits) {
            String adapter = Experiment.adapter(digit);
            Predictions predictions = Predictions.of(model.using(adapter), test);
            alone.put(digit, predictions);
            results.put(adapter + " alone", predictions.result());
        }
        Predictions together = Predictions.of(model.using(adapters()), test);
        results.put(digits.size() == 2 ? "both active" : "all active", together.result());
        results.put("cat", combined());
        Predictions perRow = Predictions.perRow(model, this::adapterOrBase, test);
        results.put(Report.PER_ROW, perRow.result());

        text.comparison(results);
        text.line("");
        int[] images = test.countPerLabel();
        int others = test.size();
        for (int digit : digits) {
            text.fact("%s: %,d rows by %s", Report.PER_ROW, images[digit], Experiment.adapter(digit));
            others -= images[digit];
        }
        text.fact("%s: %,d rows by the base", Report.PER_ROW, others);
        Predictions expected = Predictions.choose(digit -> alone.getOrDefault(digit, base), test);
        text.fact(
                "%s: %,d of %,d predictions equal those of the row's adapter alone",
                Report.PER_ROW, perRow.countEqual(expected), test.size());
        return results;
    }

    private String[] adapters() {
        return digits.stream().map(Experiment::adapter).toArray(String[]::new);
    }

    private String adapterOrBase(int digit) {
        return digits.contains(digit) ? Experiment.adapter(digit) : LoRAModel.BASE;
    }

    /** Tests one adapter whose factors are the stacked factors of all. */
    private TestResult combined() {
        AdapterCombination sum = AdapterCombination.of(model.adapter(adapters()[0]), 1);
        for (String adapter : List.of(adapters()).subList(1, digits.size())) {
            sum = sum.plus(model.adapter(adapter), 1);
        }
        LoRAModel other = LoRAModel.of(model.network());
        return Predictions.of(other.add("cat", sum.cat()), test).result();
    }
}
