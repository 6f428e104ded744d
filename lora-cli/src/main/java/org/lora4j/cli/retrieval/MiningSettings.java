package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.report.ReportText;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.task.SavedAdapter;
import picocli.CommandLine.Option;

/** How texts are chosen that look like an answer and are none. */
public final class MiningSettings {
    /** What has no effect alone. */
    private static final List<String> SETTINGS = List.of(
            "--negatives",
            "--range-min",
            "--range-max",
            "--max-score",
            "--min-score",
            "--absolute-margin",
            "--relative-margin",
            "--sampling",
            "--reranker",
            "--reranker-adapter");

    /** Which of the candidates become negatives. */
    public enum Sampling {
        /** The most similar ones. */
        TOP,
        /** Some of them by chance. */
        RANDOM
    }

    @Option(
            names = "--mine-negatives",
            description =
                    "Train nothing: write the pairs of --data to the file --output, each with texts of other pairs that"
                            + " the model finds for the query (hard negatives). 'lora retrieve' and 'lora rerank' train on that file.")
    private boolean mines;

    @Option(
            names = "--negatives",
            paramLabel = "N",
            description = "With --mine-negatives: the texts for each query. Default: 3.")
    private int negatives = 3;

    @Option(
            names = "--range-min",
            paramLabel = "RANK",
            description =
                    "With --mine-negatives: leave out so many of the most similar texts, which may be right. Default: 0.")
    private int rangeMin;

    @Option(
            names = "--range-max",
            paramLabel = "RANK",
            description = "With --mine-negatives: take the texts up to this rank. Default: as many as the others need.")
    private @Nullable Integer rangeMax;

    @Option(
            names = "--max-score",
            paramLabel = "S",
            description = "With --mine-negatives: leave out texts that are more similar to the query.")
    private @Nullable Double maxScore;

    @Option(
            names = "--min-score",
            paramLabel = "S",
            description = "With --mine-negatives: leave out texts that are less similar to the query.")
    private @Nullable Double minScore;

    @Option(
            names = "--absolute-margin",
            paramLabel = "M",
            description =
                    "With --mine-negatives: leave out texts whose similarity is not at least M below that of each right"
                            + " text.")
    private @Nullable Double absoluteMargin;

    @Option(
            names = "--relative-margin",
            paramLabel = "SHARE",
            description =
                    "With --mine-negatives: the same, where the margin is a share of the similarity of the right text;"
                            + " 0.05 is usual.")
    private @Nullable Double relativeMargin;

    @Option(
            names = "--sampling",
            paramLabel = "NAME",
            description =
                    "With --mine-negatives: which of these texts are taken: ${COMPLETION-CANDIDATES}. Default: TOP.")
    private Sampling sampling = Sampling.TOP;

    @Option(
            names = "--reranker",
            paramLabel = "DIR",
            description =
                    "With --mine-negatives: a model that reads a query and a text together; texts to which it gives a score above"
                            + " 0.5 are left out, because they may be right. With --reranker-adapter also the model of that adapter.")
    private @Nullable Path reranker;

    @Option(
            names = "--reranker-adapter",
            paramLabel = "DIR",
            description = "With --reranker: an adapter of 'lora rerank' on that model.")
    private @Nullable Path rerankerAdapter;

    /** Nothing is mined, unless an option says so. */
    public MiningSettings() {}

    /**
     * Checks the options.
     *
     * @param check what refuses them
     */
    public void check(OptionCheck check) {
        check.require(
                mines || SETTINGS.stream().noneMatch(check::isGiven),
                ReportText.list(SETTINGS) + " must be used with --mine-negatives, found them without");
        check.require(
                !mines || !check.isGiven("--validation-file"),
                "--mine-negatives must be used without --validation-file, because it writes one file, found both");
        try {
            requireValid();
        } catch (IllegalArgumentException e) {
            check.require(false, String.valueOf(e.getMessage()));
        }
    }

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is wrong
     */
    void requireValid() {
        require(negatives >= 1, "--negatives must be at least 1, found " + negatives);
        require(rangeMin >= 0, "--range-min must be at least 0, found " + rangeMin);
        require(
                rangeMax == null || rangeMax - (long) rangeMin >= negatives,
                "--range-max must leave " + negatives + " candidates after the first " + rangeMin
                        + " that --range-min leaves out, found " + rangeMax);
        require(
                rerankerAdapter == null || reranker != null,
                "--reranker-adapter must be used with --reranker, which names its model, found it without");
        requireFinite("--max-score", maxScore);
        requireFinite("--min-score", minScore);
        requireFinite("--absolute-margin", absoluteMargin);
        requireFinite("--relative-margin", relativeMargin);
    }

    private static void requireFinite(String option, @Nullable Double value) {
        require(value == null || Double.isFinite(value), option + " must be a finite number, found " + value);
    }

    private static void require(boolean holds, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(rule);
        }
    }

    /**
     * Returns whether negatives are mined, and nothing is trained.
     *
     * @return false unless an option says so
     */
    public boolean mines() {
        return mines;
    }

    /** Returns how many are chosen for a query, at least 1. */
    int negatives() {
        return negatives;
    }

    /** Returns how many candidates are left out, the most similar ones. */
    int rangeMin() {
        return rangeMin;
    }

    /** Returns why a text of a similarity is no candidate, beside a right text of another; null if it is one. */
    HardNegatives.@Nullable Rule exclusion(double score, double positive) {
        if (absoluteMargin != null && score + absoluteMargin > positive) {
            return HardNegatives.Rule.ABSOLUTE_MARGIN;
        }
        if (relativeMargin != null && score > positive - Math.abs(positive) * relativeMargin) {
            return HardNegatives.Rule.RELATIVE_MARGIN;
        }
        if (maxScore != null && score > maxScore) {
            return HardNegatives.Rule.MAX_SCORE;
        }
        return minScore != null && score < minScore ? HardNegatives.Rule.MIN_SCORE : null;
    }

    /**
     * Returns the model that says which candidates are right.
     *
     * @param storage how its large matrices are stored
     * @return null if there is none
     * @throws IOException if its adapter cannot be read
     */
    @Nullable
    AdaptedModel reranker(BaseStorage storage) throws IOException {
        if (reranker == null) {
            return null;
        }
        SavedAdapter adapter = rerankerAdapter == null ? null : SavedAdapter.read(rerankerAdapter, reranker);
        return new AdaptedModel(reranker, adapter, storage);
    }

    /** Returns which candidates are chosen. */
    Sampling sampling() {
        return sampling;
    }

    /** Returns up to which rank texts are candidates, if at most so many belong to one query. */
    int lastRank(int mostPositives) {
        if (rangeMax != null) {
            return rangeMax;
        }
        boolean excludes = reranker != null || absoluteMargin != null || relativeMargin != null || maxScore != null;
        // Ten times as many, because some are excluded.
        long needed = (excludes ? 10L : 1L) * negatives;
        return (int) Math.min(Integer.MAX_VALUE, rangeMin + needed + mostPositives);
    }
}
