package org.lora4j.example.mnist.experiment;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.LoRAModel;
import org.lora4j.algebra.AdapterCombination;
import org.lora4j.console.report.TestResult;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.mnist.report.Report;
import org.lora4j.example.mnist.report.TextReport;

/**
 * Several adapters over one base: each alone, all together, combined into one, and one per row.
 *
 * @param plan has the digits
 * @param model has an adapter for each of the digits
 * @param test the images
 */
record Ensemble(ExperimentPlan plan, LoRAModel model, MnistData test) {
    /** Runs all tests and prints them. Returns them by name. */
    Map<String, TestResult> compare(TextReport text, Predictions base) {
        text.section("The adapters alone, together, combined and one per row");
        Map<String, TestResult> results = new LinkedHashMap<>();
        Map<Integer, Predictions> alone = new LinkedHashMap<>();
        for (int digit : plan.digits()) {
            String adapter = ExperimentPlan.adapter(digit);
            Predictions predictions = Predictions.of(model.using(adapter), test);
            alone.put(digit, predictions);
            results.put(adapter + " alone", predictions.result());
        }
        Predictions together = Predictions.of(model.using(plan.adapters()), test);
        results.put(alone.size() == 2 ? "both active" : "all active", together.result());
        results.put("cat", combined());
        Predictions perRow = Predictions.perRow(
                model, digit -> alone.containsKey(digit) ? ExperimentPlan.adapter(digit) : LoRAModel.BASE, test);
        results.put(Report.PER_ROW, perRow.result());

        text.comparison(results);
        text.line("");
        int[] images = test.countPerLabel();
        int others = test.size();
        for (int digit : plan.digits()) {
            text.fact("%s: %,d rows by %s", Report.PER_ROW, images[digit], ExperimentPlan.adapter(digit));
            others -= images[digit];
        }
        text.fact("%s: %,d rows by the base", Report.PER_ROW, others);
        text.fact(
                "%s: %,d of %,d predictions equal those of the row's adapter alone",
                Report.PER_ROW, perRow.countEqual(label -> alone.getOrDefault(label, base)), test.size());
        return results;
    }

    /** Tests one adapter whose factors are the stacked factors of all. */
    private TestResult combined() {
        String[] adapters = plan.adapters();
        AdapterCombination sum = AdapterCombination.of(model.adapter(adapters[0]), 1);
        for (int i = 1; i < adapters.length; i++) {
            sum = sum.plus(model.adapter(adapters[i]), 1);
        }
        return Predictions.of(LoRAModel.of(model.network()).add("cat", sum.cat()), test)
                .result();
    }
}
