package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Arrays and texts that are not a valid state are refused; the message lists all problems. */
class TrainingStateFormTest {
    private final TrainingState state = TrainingStateTest.state();
    private final Map<String, INDArray> tensors = new LinkedHashMap<>(state.tensors());
    private final Map<String, String> metadata = new LinkedHashMap<>(state.metadata());

    private void assertRefused(String... found) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TrainingState.of(tensors, metadata))
                .withMessage("training state: must be complete and consistent, found " + String.join("; ", found));
    }

    @Test
    void ignoresUnknownTexts() {
        metadata.put("note", "the one of Monday");
        assertThat(TrainingState.of(tensors, metadata).metadata()).isEqualTo(state.metadata());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "2", "", "one"})
    void refusesAnotherVersion(String version) {
        metadata.put("lora4j.training_state", version);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TrainingState.of(tensors, metadata))
                .withMessage("training state: metadata lora4j.training_state must be 1, found " + version);
    }

    @Test
    void refusesTextsWithoutAVersion() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TrainingState.of(tensors, Map.of("format", "pt")))
                .withMessage("training state: metadata lora4j.training_state must be 1, found none");
    }

    @ParameterizedTest
    @CsvSource({
        "iteration, 0, '[1, 2147483647]'",
        "iteration, x, '[1, 2147483647]'",
        "iteration, 99999999999999999999, '[1, 2147483647]'",
        "epochs, -1, '[0, 5]'",
        "epochs, 6, '[0, 5]'",
        "batches, 5, '[0, 4]'",
        "examples, 4, '[5, 9223372036854775807]'"
    })
    void refusesImpossibleNumbers(String key, String value, String bounds) {
        metadata.put(key, value);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TrainingState.of(tensors, metadata))
                .withMessageContaining(
                        "metadata " + key + " must be a number in " + bounds + ", found '" + value + "'");
    }

    @Test
    void refusesABatchCountThatContradictsTheIterationInTheFirstEpoch() {
        metadata.put("epochs", "0");
        assertRefused("metadata batches must be a number in [5, 5], found '1'");
    }

    @Test
    void listsAllProblems() {
        metadata.remove("examples");
        tensors.put("losses", Nd4j.zeros(DataType.DOUBLE, 4));
        tensors.remove("0/linear1.weight/value");
        metadata.put("1/linear1.bias/order", "x");
        tensors.put("1/linear1.bias/value", Nd4j.zeros(DataType.INT32, 5));
        tensors.put("2/linear2.weight/state", Nd4j.zeros(DataType.FLOAT, 2, 10));
        metadata.remove("3/linear2.bias/updater");
        assertRefused(
                "metadata examples must be a number in [5, 9223372036854775807], found none",
                "losses must be [5] of DOUBLE, found [4] of DOUBLE",
                "missing tensor 0/linear1.weight/value",
                "metadata 1/linear1.bias/order must be c or f, found x",
                "1/linear1.bias/value must be FLOAT or DOUBLE, found INT",
                "1/linear1.bias/state must be a vector of INT, found [10] of FLOAT",
                "2/linear2.weight/state must be a vector of FLOAT, found [2, 10] of FLOAT",
                "unexpected tensors [3/linear2.bias/value, 3/linear2.bias/state]");
    }

    @Test
    void refusesAStateWithoutParameters() {
        tensors.keySet().removeIf(key -> key.contains("/"));
        metadata.keySet().removeIf(key -> key.contains("/"));
        tensors.remove("losses");
        assertRefused("missing tensor losses", "no parameter");
    }

    @Test
    void refusesAnUnknownTensor() {
        tensors.put("4/third.weight/value", Nd4j.zeros(DataType.FLOAT, 1));
        tensors.put("extra", Nd4j.zeros(DataType.FLOAT, 1));
        assertRefused("unexpected tensors [4/third.weight/value, extra]");
    }
}
