package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.train.DivergedException;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.Sgd;

/** A batch that is not finite ends a training, and loses nothing. */
class DivergenceTest {
    private final Mlp mlp = new Mlp(DataType.FLOAT);
    private final SameDiffLoRA lora = SameDiffLoRA.of(mlp.graph);

    @BeforeEach
    void train() {
        mlp.setTrainingConfig();
        lora.add("a", LoRAConfig.of(2, 3));
        lora.train("a");
    }

    private DataSet bad(String what, double value) {
        INDArray x = mlp.x.dup();
        INDArray labels = mlp.labels.dup();
        (what.equals("input") ? x : labels).putScalar(2, 1, value);
        return new DataSet(x, labels);
    }

    @ParameterizedTest
    @ValueSource(strings = {"input", "labels"})
    void theArraysAndTheUpdatersAreThoseBeforeTheIteration(String what) {
        mlp.graph.fit(mlp.data());
        LoRAAdapter before = lora.adapter("a");
        DivergedException e = catchThrowableOfType(DivergedException.class, () -> mlp.graph.fit(bad(what, Double.NaN)));
        assertThat(e)
                .hasMessage(
                        "lora/a/fc1.lora_A: must be finite after an update, found NaN or an infinity at iteration 2;"
                                + " the first values that are not finite are in " + what
                                + "; the parameters and the state of their updaters are those before this iteration");
        assertThat(e.iteration()).isEqualTo(2);
        assertThat(e.place()).isEqualTo(what);
        assertThat(lora.adapter("a")).isEqualTo(before);
        mlp.graph.fit(mlp.data());

        Mlp other = new Mlp(DataType.FLOAT);
        SameDiffLoRA undisturbed = SameDiffLoRA.of(other.graph);
        other.setTrainingConfig();
        undisturbed.add("a", LoRAConfig.of(2, 3));
        undisturbed.train("a");
        other.graph.fit(other.data());
        other.graph.fit(other.data());
        assertThat(lora.adapter("a")).isEqualTo(undisturbed.adapter("a"));
    }

    /** The state of AdaGrad does not begin at zero. */
    @Test
    void theFirstIterationCanBeTheBadOne() {
        mlp.graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new AdaGrad(0.1))
                .dataSetFeatureMapping("x")
                .dataSetLabelMapping("labels")
                .build());
        LoRAAdapter before = lora.adapter("a");
        assertThatThrownBy(() -> mlp.graph.fit(bad("input", Double.POSITIVE_INFINITY)))
                .isInstanceOf(DivergedException.class);
        assertThat(lora.adapter("a")).isEqualTo(before);
        mlp.graph.fit(mlp.data());
        assertThat(lora.adapter("a")).isNotEqualTo(before);
    }

    @Test
    void anUpdateThatOverflowsIsFoundAtOnce() {
        mlp.graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new Sgd(1e45))
                .dataSetFeatureMapping("x")
                .dataSetLabelMapping("labels")
                .build());
        LoRAAdapter before = lora.adapter("a");
        assertThatThrownBy(() -> mlp.graph.fit(mlp.data()))
                .isInstanceOf(DivergedException.class)
                .hasMessageStartingWith("lora/a/fc1.lora_")
                .hasMessageContaining("must be finite after an update, found NaN or an infinity at iteration 1");
        assertThat(lora.adapter("a")).isEqualTo(before);
    }

    @Test
    void onlyTheTrainedGraphIsChecked() {
        assertThat(mlp.graph.getListeners()).hasSize(1);
        lora.activate("a");
        assertThat(mlp.graph.getListeners()).isEmpty();
        lora.train("a");
        lora.restore();
        assertThat(mlp.graph.getListeners()).isEmpty();
    }
}
