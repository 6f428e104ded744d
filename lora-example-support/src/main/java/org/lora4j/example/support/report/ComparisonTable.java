package org.lora4j.example.support.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The wrong predictions of several tests: a row for each class, and a column for each test. So a table of many classes is
 * narrow. The first two tests are compared; their difference follows them.
 */
public final class ComparisonTable {
    private static final int COMPARED = 2;

    private final List<TestResult> tests;
    private final HtmlTable table = new HtmlTable();

    private ComparisonTable(Map<String, TestResult> tests) {
        this.tests = List.copyOf(tests.values());
    }

    /**
     * Returns the table.
     *
     * @param classTitle what a class is
     * @param classes the names of the classes, in order
     * @param highlighted the classes whose rows have another color
     * @param tests the tests by name, in order; at least two
     * @return HTML
     */
    public static String html(
            String classTitle, List<String> classes, List<Integer> highlighted, Map<String, TestResult> tests) {
        ComparisonTable comparison = new ComparisonTable(tests);
        List<String> header = new ArrayList<>(List.of(classTitle));
        header.addAll(tests.keySet());
        header.add(1 + COMPARED, "Difference");
        comparison.table.header(header.toArray(String[]::new));
        for (int i = 0; i < classes.size(); i++) {
            int index = i;
            comparison.counts(
                    highlighted.contains(i) ? "highlight" : "",
                    classes.get(i),
                    test -> test.wrong().get(index));
        }
        comparison.counts("total", "All", TestResult::wrongTotal);
        comparison.accuracies();
        return comparison.table.html();
    }

    private void counts(String style, String name, Function<TestResult, Integer> wrong) {
        row(
                style,
                name,
                test -> Words.count(wrong.apply(test)),
                Words.difference(wrong.apply(tests.get(1)) - wrong.apply(tests.get(0))));
    }

    private void accuracies() {
        row(
                "total",
                "Accuracy in %",
                test -> Words.fixed(100 * test.accuracy(), 2),
                Words.signed(100 * (tests.get(1).accuracy() - tests.get(0).accuracy()), 2));
    }

    private void row(String style, String name, Function<TestResult, String> cell, String difference) {
        List<String> cells = new ArrayList<>(List.of(name));
        tests.forEach(test -> cells.add(cell.apply(test)));
        cells.add(1 + COMPARED, difference);
        table.row(style, cells);
    }
}
