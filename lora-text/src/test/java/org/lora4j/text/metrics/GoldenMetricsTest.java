package org.lora4j.text.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.TagSpan;

/** Metrics beside those that seqeval, scikit-learn and trec_eval give, exactly. */
class GoldenMetricsTest {
    private static final Offset<Double> EXACT = within(1e-12);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private static JsonNode golden;

    @BeforeAll
    static void read() throws IOException {
        try (InputStream file = Objects.requireNonNull(
                GoldenMetricsTest.class.getResourceAsStream("/golden/task_metrics/metrics.json"))) {
            golden = MAPPER.readTree(file);
        }
    }

    private static <T> T as(JsonNode json, TypeReference<T> type) {
        return MAPPER.convertValue(json, type);
    }

    private static List<List<String>> tags(JsonNode json) {
        return as(json, new TypeReference<>() {});
    }

    @Test
    void tags() {
        int refused = 0;
        int withoutType = 0;
        JsonNode cases = golden.get("tags");
        for (int i = 0; i < cases.size(); i++) {
            JsonNode json = cases.get(i);
            String what = "case " + i + ", " + json.get("what").asText();
            List<List<String>> actual = tags(json.get("y_true"));
            List<List<String>> predicted = tags(json.get("y_pred"));
            TagScheme scheme = TagScheme.valueOf(json.get("scheme").asText());
            withoutType += json.at("/default/macro").isNull() ? 1 : 0;
            requireTags(json.get("default"), actual, predicted, TagSpan::lenient, what + ", default");
            assertThat(TagMetrics.accuracy(actual, predicted))
                    .as(what)
                    .isEqualTo(json.get("accuracy").asDouble(), EXACT);
            JsonNode strict = json.get("strict");
            if (strict.has("refused")) {
                refused++;
                assertThatIllegalArgumentException()
                        .as(what)
                        .isThrownBy(() -> {
                            actual.forEach(scheme::strictSpans);
                            predicted.forEach(scheme::strictSpans);
                        })
                        .withMessageStartingWith("a tag of " + scheme + " must begin with one of the letters ")
                        .withMessageContaining(
                                ", found " + strict.get("refused").asText().charAt(0) + " at token ");
            } else {
                requireTags(strict, actual, predicted, scheme::strictSpans, what + ", strict");
            }
        }
        assertThat(cases).hasSize(200);
        assertThat(refused).isEqualTo(5);
        assertThat(withoutType).isPositive();
    }

    private static void requireTags(
            JsonNode expected,
            List<List<String>> actual,
            List<List<String>> predicted,
            Function<List<String>, List<TagSpan>> spans,
            String what) {
        requireSpans(expected.get("entities_true"), actual, spans, what);
        requireSpans(expected.get("entities_pred"), predicted, spans, what);
        TagMetrics found = TagMetrics.sum(IntStream.range(0, actual.size())
                .mapToObj(i -> TagMetrics.of(spans.apply(actual.get(i)), spans.apply(predicted.get(i))))
                .toList());
        assertThat(found.types().keySet()).as(what).containsExactlyElementsOf(fields(expected.get("types")));
        found.types()
                .forEach((type, counts) -> requireCounts(expected.get("types").get(type), counts, what + ", " + type));
        requireShares(expected.get("micro"), found.micro(), what);
        requireMean(expected.get("weighted"), Optional.of(found.weighted()), what);
        requireMean(expected.get("macro"), found.macro(), what);
        assertThat(found.micro().actual()).isEqualTo(expected.get("support").asLong());
    }

    private static List<String> fields(JsonNode json) {
        List<String> names = new ArrayList<>();
        json.fieldNames().forEachRemaining(names::add);
        return names.stream().sorted().toList();
    }

    private static void requireSpans(
            JsonNode expected, List<List<String>> tags, Function<List<String>, List<TagSpan>> spans, String what) {
        for (int i = 0; i < tags.size(); i++) {
            List<TagSpan> wanted = new ArrayList<>();
            for (JsonNode span : expected.get(i)) {
                wanted.add(new TagSpan(
                        span.get(1).asInt(), span.get(2).asInt(), span.get(0).asText()));
            }
            assertThat(spans.apply(tags.get(i))).as(what).containsExactlyElementsOf(wanted);
        }
    }

    private static void requireCounts(JsonNode expected, PrecisionRecall found, String what) {
        requireShares(expected, found, what);
        assertThat(found.actual()).as(what).isEqualTo(expected.get("support").asLong());
        if (expected.has("correct")) {
            assertThat(found.correct())
                    .as(what)
                    .isEqualTo(expected.get("correct").asLong());
            assertThat(found.predicted())
                    .as(what)
                    .isEqualTo(expected.get("predicted").asLong());
        }
    }

    private static void requireShares(JsonNode expected, PrecisionRecall found, String what) {
        requireMean(
                expected, Optional.of(new MeanPrecisionRecall(found.precision(), found.recall(), found.f1())), what);
    }

    private static void requireMean(JsonNode expected, Optional<MeanPrecisionRecall> found, String what) {
        assertThat(found.isEmpty()).as(what).isEqualTo(expected.isNull());
        found.ifPresent(mean -> {
            assertThat(mean.precision())
                    .as(what)
                    .isEqualTo(expected.get("precision").asDouble(), EXACT);
            assertThat(mean.recall()).as(what).isEqualTo(expected.get("recall").asDouble(), EXACT);
            assertThat(mean.f1()).as(what).isEqualTo(expected.get("f1").asDouble(), EXACT);
        });
    }

    @Test
    void severalLabels() {
        JsonNode cases = golden.get("multi_label");
        for (int i = 0; i < cases.size(); i++) {
            String what = "case " + i;
            JsonNode json = cases.get(i);
            boolean[][] actual = as(json.get("y_true"), new TypeReference<List<int[]>>() {}).stream()
                    .map(GoldenMetricsTest::booleans)
                    .toArray(boolean[][]::new);
            double[][] scores = as(json.get("scores"), new TypeReference<double[][]>() {});
            double[] thresholds = new double[actual[0].length];
            Arrays.fill(thresholds, json.get("threshold").asDouble());
            MultiLabelMetrics found = MultiLabelMetrics.of(actual, scores, thresholds);
            JsonNode expected = json.get("expected");
            for (int j = 0; j < thresholds.length; j++) {
                JsonNode label = expected.get("per_label").get(j);
                requireCounts(label, found.byLabel().get(j), what);
                assertThat(found.averagePrecision(j))
                        .as(what)
                        .isEqualTo(label.get("average_precision").asDouble(), EXACT);
            }
            requireShares(expected.get("micro"), found.micro(), what);
            requireMean(expected.get("macro"), Optional.of(found.macro()), what);
            requireMean(expected.get("weighted"), Optional.of(found.weighted()), what);
            requireMean(expected.get("samples"), Optional.of(found.samples()), what);
            Map<String, Double> others = new LinkedHashMap<>();
            others.put("/average_precision/micro", found.microAveragePrecision());
            others.put("/average_precision/macro", found.macroAveragePrecision());
            others.put("/average_precision/weighted", found.weightedAveragePrecision());
            others.put("/average_precision/samples", found.samplesAveragePrecision());
            others.put("/subset_accuracy", found.exactMatch());
            others.put("/hamming_loss", found.hammingLoss());
            others.put("/label_ranking_average_precision", found.labelRankingAveragePrecision());
            others.put("/label_ranking_loss", found.labelRankingLoss());
            others.put("/coverage_error", found.coverageError());
            others.forEach((path, value) -> assertThat(value)
                    .as(what + path)
                    .isEqualTo(expected.at(path).asDouble(), EXACT));
        }
        assertThat(cases).hasSize(16);
    }

    private static boolean[] booleans(int[] numbers) {
        boolean[] values = new boolean[numbers.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = numbers[i] == 1;
        }
        return values;
    }

    /** All metrics that the golden case has, by their names in trec_eval. */
    private static Map<String, Double> metrics(Ranking ranking, List<Integer> cutoffs) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("ndcg", ranking.ndcgAt(Integer.MAX_VALUE, Ranking.Gain.LINEAR));
        values.put("ndcg_exp", ranking.ndcgAt(Integer.MAX_VALUE, Ranking.Gain.EXPONENTIAL));
        values.put("map", ranking.averagePrecision());
        values.put("recip_rank", ranking.reciprocalRank());
        for (int k : cutoffs) {
            values.put("ndcg_cut_" + k, ranking.ndcgAt(k, Ranking.Gain.LINEAR));
            values.put("ndcg_exp_cut_" + k, ranking.ndcgAt(k, Ranking.Gain.EXPONENTIAL));
            values.put("P_" + k, ranking.precisionAt(k));
            values.put("recall_" + k, ranking.recallAt(k));
        }
        return values;
    }

    @Test
    void rankings() {
        JsonNode json = golden.get("ranking");
        Map<String, Map<String, Integer>> qrels = as(json.get("qrels"), new TypeReference<>() {});
        Map<String, Map<String, Double>> run = as(json.get("run"), new TypeReference<>() {});
        List<Integer> cutoffs = as(json.get("cutoffs"), new TypeReference<>() {});
        requireRankings(json.get("trec"), qrels, run, cutoffs, Ranking::byName);
        requireRankings(json.get("expected"), qrels, run, cutoffs, Ranking::expected);
    }

    private static void requireRankings(
            JsonNode expected,
            Map<String, Map<String, Integer>> qrels,
            Map<String, Map<String, Double>> run,
            List<Integer> cutoffs,
            BiFunction<Map<String, Double>, Map<String, Integer>, Ranking> order) {
        // A query without a run is one for which nothing was found.
        Map<String, Ranking> all = new LinkedHashMap<>();
        qrels.forEach((query, grades) -> all.put(query, order.apply(run.getOrDefault(query, Map.of()), grades)));
        Map<String, Ranking> both = all.entrySet().stream()
                .filter(entry -> run.containsKey(entry.getKey()))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        assertThat(both.keySet()).containsExactlyInAnyOrderElementsOf(fields(expected.get("queries")));
        both.forEach((query, ranking) -> {
            JsonNode numbers = expected.get("queries").get(query);
            Map<String, Double> found = metrics(ranking, cutoffs);
            found.put("num_rel", (double) ranking.relevant());
            found.put("num_ret", (double) ranking.documents());
            found.put("num_rel_ret", (double) ranking.relevantFound());
            requireNumbers(numbers, found, query);
        });
        requireMeans(expected, "", List.copyOf(both.values()), cutoffs);
        requireMeans(expected, "_complete", List.copyOf(all.values()), cutoffs);
        requireMeans(
                expected,
                "_with_relevant",
                both.values().stream().filter(ranking -> ranking.relevant() > 0).toList(),
                cutoffs);
    }

    private static void requireNumbers(JsonNode expected, Map<String, Double> found, String what) {
        assertThat(found.keySet()).as(what).containsExactlyInAnyOrderElementsOf(fields(expected));
        found.forEach((name, value) -> assertThat(value)
                .as(what + " " + name)
                .isEqualTo(expected.get(name).asDouble(), EXACT));
    }

    private static void requireMeans(JsonNode expected, String name, List<Ranking> rankings, List<Integer> cutoffs) {
        JsonNode means = expected.get("mean" + name);
        assertThat(rankings).hasSize(expected.get("num_q" + name).asInt());
        Map<String, Double> found = new LinkedHashMap<>();
        for (Ranking ranking : rankings) {
            metrics(ranking, cutoffs)
                    .forEach((metric, value) -> found.merge(metric, value / rankings.size(), Double::sum));
        }
        requireNumbers(means, found, "mean" + name);
        RankMetrics metrics = RankMetrics.of(rankings, 0);
        assertThat(metrics.queries()).isEqualTo(rankings.size());
        Map<String, Double> reported = new LinkedHashMap<>();
        reported.put("recall_1", metrics.recallAt1());
        reported.put("recall_10", metrics.recallAt10());
        reported.put("P_1", metrics.precisionAt1());
        reported.put("P_10", metrics.precisionAt10());
        reported.put("map", metrics.map());
        reported.put("recip_rank", metrics.mrr());
        reported.put("ndcg_cut_10", metrics.ndcgAt10());
        reported.put("ndcg_exp_cut_10", metrics.exponentialNdcgAt10());
        reported.forEach((metric, value) ->
                assertThat(value).as(metric).isEqualTo(means.get(metric).asDouble(), EXACT));
    }
}
