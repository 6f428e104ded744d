package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The tables on the page of results: their ratios and goals are computed again, and their times are those of the kept run. */
class ResultsPageTest {
    private static final Path PAGE = Path.of("../src/site/markdown/results.md");
    private static final Path LOG = Path.of("../src/bench/results.log");
    private static final Pattern TIME = Pattern.compile("([\\d.]+) (µs|ms)");
    private static final Pattern RUN = Pattern.compile("run \\d+: (.*): (\\d+) µs");
    private static final Pattern CELL = Pattern.compile("\\| ([\\d.]+) \\(");

    /** A line of a table; times in microseconds, with the half of the last digit that is shown. */
    private record Row(String work, Shown time, Shown peer, double ratio, double goal, boolean met) {
        @Override
        public String toString() {
            return work;
        }
    }

    private record Shown(double micros, double half) {}

    static List<Row> rows() throws IOException {
        return Files.readAllLines(PAGE).stream()
                .filter(line -> line.matches("\\|.*\\| (yes|no) \\|"))
                .map(line -> Arrays.stream(line.substring(1).split("\\|"))
                        .map(String::strip)
                        .toList())
                .map(cells -> new Row(
                        cells.get(0),
                        time(cells.get(1)),
                        time(cells.get(3)),
                        Double.parseDouble(cells.get(4)),
                        Double.parseDouble(cells.get(5).replace("≤ ", "")),
                        cells.get(6).equals("yes")))
                .toList();
    }

    private static Shown time(String cell) {
        Matcher time = TIME.matcher(cell);
        assertThat(time.matches()).as(cell).isTrue();
        double unit = time.group(2).equals("ms") ? 1000 : 1;
        int dot = time.group(1).indexOf('.');
        int decimals = dot < 0 ? 0 : time.group(1).length() - dot - 1;
        return new Shown(Double.parseDouble(time.group(1)) * unit, unit * 0.5 * Math.pow(10, -decimals));
    }

    @Test
    void areTwoShortTables() throws IOException {
        assertThat(rows()).hasSizeBetween(10, 25);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void ratiosAreThoseOfTheTimes(Row row) {
        assertThat(row.ratio()).isCloseTo(row.time().micros() / row.peer().micros(), within(0.011));
        assertThat(row.met()).isEqualTo(row.ratio() <= row.goal());
    }

    @ParameterizedTest
    @MethodSource("rows")
    void timesAreThoseOfTheKeptRun(Row row) throws IOException {
        String log = Files.readString(LOG);
        for (Shown shown : List.of(row.time(), row.peer())) {
            assertThat(DoubleStream.concat(medians(log), milliseconds(log))
                            .anyMatch(micros -> Math.abs(micros - shown.micros()) <= 1.01 * shown.half()))
                    .as("%s µs in %s", shown.micros(), LOG)
                    .isTrue();
        }
    }

    /** The median of each work over its runs. */
    private static DoubleStream medians(String log) {
        return RUN
                .matcher(log)
                .results()
                .collect(Collectors.groupingBy(
                        run -> run.group(1),
                        Collectors.mapping(run -> Double.valueOf(run.group(2)), Collectors.toList())))
                .values()
                .stream()
                .mapToDouble(ResultsPageTest::median);
    }

    private static double median(List<Double> times) {
        List<Double> sorted = times.stream().sorted().toList();
        return (sorted.get((sorted.size() - 1) / 2) + sorted.get(sorted.size() / 2)) / 2;
    }

    /** The times in the tables of the transformers. */
    private static DoubleStream milliseconds(String log) {
        return CELL.matcher(log).results().mapToDouble(cell -> 1000 * Double.parseDouble(cell.group(1)));
    }
}
