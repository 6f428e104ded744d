package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.spark.param.TrainingRound;

/** What a training does if nobody says how long it is. */
@Tag("slow")
class DefaultsTest {
    private static final int ROWS = 960;

    @TempDir
    Path folder;

    private final List<TrainingRound> rounds = new ArrayList<>();

    private LoRAEstimator estimator() {
        return new LoRAEstimator()
                .setBasePath(Digits.base(folder))
                .setIdCol("id")
                .setNumWorkers(2)
                .setListener(rounds::add);
    }

    private Dataset<Row> table() {
        return new Digits(ROWS).table(Sessions.local(), 2, 1).cache();
    }

    private static double accuracy(LoRATransformer model, Dataset<Row> table) {
        return (double) model.transform(table).filter("prediction = label").count() / ROWS;
    }

    @Test
    void fewRowsAreTrainedInSmallBatchesUntilThereAreEnoughSteps() {
        LoRATransformer model = estimator().fit(table());
        assertThat(rounds).hasSize(300).allMatch(round -> round.rows() == 16);
        double one = accuracy(estimator().setBatchSize(1024).setEpochs(1).fit(table()), table());
        assertThat(accuracy(model, table())).isGreaterThan(0.7).isGreaterThan(one + 0.2);
    }

    @Test
    void localStepsAreAsMany() {
        estimator().setLocalSteps(30).fit(table());
        assertThat(rounds.get(rounds.size() - 1).iteration()).isEqualTo(300);
    }

    @Test
    void whatIsSetCounts() {
        estimator().setBatchSize(480).setMaxIter(3).fit(table());
        assertThat(rounds).hasSize(3).allMatch(round -> round.rows() == 480);
        rounds.clear();
        estimator().setEpochs(1).fit(table());
        assertThat(rounds).hasSize(60);
        rounds.clear();
        estimator().setBatchSize(320).fit(table());
        assertThat(rounds).hasSize(3 * 30);
    }
}
