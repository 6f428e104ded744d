package org.lora4j.cli.command;

import org.jspecify.annotations.Nullable;
import org.lora4j.cli.retrieval.MiningSettings;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Option;

/** How negatives are mined. */
final class MiningOptions {
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
    private @Nullable Integer negatives;

    @Option(
            names = "--range-min",
            paramLabel = "RANK",
            description =
                    "With --mine-negatives: leave out so many of the most similar texts, which may be right. Default: 0.")
    private @Nullable Integer rangeMin;

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
    private MiningSettings.@Nullable Sampling sampling;

    void check(OptionCheck check) {
        boolean isUsed = negatives != null
                || rangeMin != null
                || rangeMax != null
                || maxScore != null
                || minScore != null
                || absoluteMargin != null
                || relativeMargin != null
                || sampling != null;
        check.require(
                mines || !isUsed,
                "--negatives, --range-min, --range-max, --max-score, --min-score, --absolute-margin, --relative-margin and"
                        + " --sampling must be used with --mine-negatives, found them without");
        if (mines) {
            check.require(
                    !check.isGiven("--validation-file"),
                    "--mine-negatives must be used without --validation-file, because it writes one file, found both");
            try {
                MiningSettings unused = settings();
            } catch (IllegalArgumentException e) {
                check.require(false, String.valueOf(e.getMessage()));
            }
        }
    }

    boolean mines() {
        return mines;
    }

    MiningSettings settings() {
        return new MiningSettings(
                negatives == null ? 3 : negatives,
                rangeMin == null ? 0 : rangeMin,
                rangeMax,
                maxScore,
                minScore,
                absoluteMargin,
                relativeMargin,
                sampling == null ? MiningSettings.Sampling.TOP : sampling);
    }
}
