package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;

/** A driver that ends in the middle of a training, and another one that continues. */
class CheckpointTest {
    private final Digits digits = new Digits(100);

    @TempDir
    Path folder;

    private String base;
    private Dataset<Row> table;

    @BeforeEach
    void prepare() {
        base = Digits.base(folder);
        table = digits.table(Sessions.local(), 2, 1);
    }

    private LoRAEstimator estimator(int localSteps) {
        return new LoRAEstimator()
                .setBasePath(base)
                .setIdCol("id")
                .setRank(2)
                .setDropout(0.2)
                .setBatchSize(30)
                .setEpochs(6)
                .setLearningRate(0.01)
                .setLocalSteps(localSteps)
                .setNumWorkers(2);
    }

    private LoRAEstimator withCheckpoints(int localSteps) {
        return estimator(localSteps)
                .setCheckpointPath(folder.resolve("states").toUri().toString())
                .setCheckpointInterval(2);
    }

    private static RoundListener failsAfter(long iteration) {
        return round -> {
            if (round.iteration() >= iteration) {
                throw new IllegalStateException("the driver ends");
            }
        };
    }

    private List<String> states() throws Exception {
        try (Stream<Path> files = Files.list(folder.resolve("states"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void anotherDriverEndsWithTheSameBits(int localSteps) throws Exception {
        assertThatThrownBy(() ->
                        withCheckpoints(localSteps).setListener(failsAfter(15)).fit(table))
                .hasMessage("the driver ends");
        assertThat(states())
                .containsExactly(
                        localSteps == 0
                                ? new String[] {"step-000000000012.safetensors", "step-000000000014.safetensors"}
                                : new String[] {"step-000000000008.safetensors", "step-000000000012.safetensors"});
        List<Long> iterations = new ArrayList<>();
        LoRATransformer resumed = withCheckpoints(localSteps)
                .setListener(round -> iterations.add(round.iteration()))
                .fit(table);
        assertThat(iterations.get(0)).isEqualTo(localSteps == 0 ? 15 : 14);
        assertThat(resumed.adapter()).isEqualTo(estimator(localSteps).fit(table).adapter());
        assertThat(states()).isEmpty();
    }

    @Test
    void anotherTrainingDoesNotContinue() {
        assertThatThrownBy(() -> withCheckpoints(0).setListener(failsAfter(3)).fit(table))
                .hasMessage("the driver ends");
        assertThatThrownBy(() -> withCheckpoints(0).setLearningRate(0.02).fit(table))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("must be a checkpoint of a training with the same settings")
                .hasMessageContaining("learningRate 0.02")
                .hasMessageContaining("learningRate 0.01");
        base = Digits.base(folder, DataType.DOUBLE);
        assertThatThrownBy(() -> withCheckpoints(0).fit(table))
                .hasMessageContaining("with the same settings, base of ");
    }
}
