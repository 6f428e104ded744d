package org.lora4j.example.text.report;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.example.support.report.Words;

/** Sentences about the results. They follow from the numbers alone, good or bad. */
final class ClassifyFindings {
    private final ClassifyReport report;

    ClassifyFindings(ClassifyReport report) {
        this.report = report;
    }

    List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        sentences.add(overall());
        sentences.add(passages());
        sentences.add(
                report.merged().equals(report.lora())
                        ? "With the adapter merged into the weights, all counts are the same."
                        : "With the adapter merged into the weights, "
                                + Words.count(report.merged().wrongTotal())
                                + " predictions are wrong, with the adapter beside them "
                                + Words.count(report.lora().wrongTotal())
                                + ": sums in another order are rounded otherwise.");
        return sentences;
    }

    private String overall() {
        double before = report.frozen().accuracy();
        double after = report.lora().accuracy();
        String numbers = " (" + Words.percent(before) + " and " + Words.percent(after) + ").";
        if (after > before) {
            return "With LoRA more of the test texts are right than with the frozen encoder" + numbers;
        }
        return after < before
                ? "With LoRA fewer of the test texts are right than with the frozen encoder" + numbers
                : "With LoRA as many of the test texts are right as with the frozen encoder" + numbers;
    }

    private String passages() {
        return "LoRA fixes " + Words.count(report.fixed().size())
                + " test texts that the frozen encoder gets wrong, and breaks "
                + Words.count(report.broken().size()) + " that it gets right.";
    }
}
