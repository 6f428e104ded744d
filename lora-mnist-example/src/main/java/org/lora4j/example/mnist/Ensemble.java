package org.lora4j.example.mnist;

import org.lora4j.LoRAModel;
import org.lora4j.algebra.AdapterCombination;
import org.lora4j.example.mnist.report.Report;
import org.lora4j.example.mnist.report.TestResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What several adapters over one base can do: each alone, all together, combined into one, and one per row. */
final class Ensemble {
    private final LoRAModel model;
    private final MnistData test;
    private final List<Integer> digits;

    /**
     * Looks at a model.
     *
     * @param model with an adapter for each of the digits
     */
    Ensemble(LoRAModel model, MnistData test, List<Integer> digits) {
        this.model = model;
        this.test = test;
        this.digits = digits;
    }

    /** Tests all of it and tells of it; answers the tests by name. */
    Map<String, TestResult> compare(Story story, Answers base) {
        story.section("The adapters alone, together, combined and one per row");
        Map<String, TestResult> results = new LinkedHashMap<>();
        Map<Integer, Answers> alone = new LinkedHashMap<>();
        for (int digit : digits) {
            String adapter = Experiment.adapter(digit);
            alone.put(digit, Answers.of(model.using(adapter)::predict, test));
            results.put(adapter + " alone", alone.get(digit).result());
        }
        results.put(digits.size() == 2 ? "both active" : "all active", together());
        results.put("cat", combined());
        Answers perRow = perRow();
        results.put(Report.PER_ROW, perRow.result());

        story.comparison(results);
        story.line("");
        int[] images = test.countPerLabel();
        int others = test.size();
        for (int digit : digits) {
            story.fact("%s: %,d rows by %s", Report.PER_ROW, images[digit], Experiment.adapter(digit));
            others -= images[digit];
        }
        story.fact("%s: %,d rows by the base", Report.PER_ROW, others);
        Answers expected = Answers.choose(digit -> alone.getOrDefault(digit, base), test);
        story.fact(
                "%s: %,d of %,d answers are those of the row's adapter on its own",
                Report.PER_ROW, perRow.agreements(expected), test.size());
        return results;
    }

    private String[] adapters() {
        return digits.stream().map(Experiment::adapter).toArray(String[]::new);
    }

    private TestResult together() {
        return Answers.of(model.using(adapters())::predict, test).result();
    }

    /** Tests one adapter that is made of all, by stacking their factors. */
    private TestResult combined() {
        AdapterCombination sum = AdapterCombination.of(model.adapter(adapters()[0]), 1);
        for (String adapter : List.of(adapters()).subList(1, digits.size())) {
            sum = sum.plus(model.adapter(adapter), 1);
        }
        LoRAModel other = LoRAModel.of(model.network());
        other.add("cat", sum.cat());
        return Answers.of(other::predict, test).result();
    }

    /** Each image is answered by the adapter of the digit that it shows, or by the base, all in the same batches. */
    private Answers perRow() {
        return Answers.perRow(
                (x, shown) -> model.predict(
                        x,
                        shown.stream()
                                .map(digit -> digits.contains(digit) ? Experiment.adapter(digit) : LoRAModel.BASE)
                                .toList()),
                test);
    }
}
