package org.lora4j;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.Svd;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

@Tag("numbers")
class LoftQInitTest {
    private static final int FEATURES = 260;

    private final Input x = Input.of(Samples.gaussian(2, DataType.FLOAT, 20, FEATURES));

    private static Network original() {
        return Network.builder(FEATURES)
                .linear("first", 210)
                .relu()
                .linear("second", 250)
                .build(1);
    }

    private static Network rounded(Precision precision) {
        Network network = original();
        network.freeze();
        network.setBaseStorage(BaseStorage.of(precision));
        return network;
    }

    private static LoRAConfig config(boolean dora) {
        return LoRAConfig.builder().rank(16).alpha(40).dora(dora).build();
    }

    @ParameterizedTest
    @CsvSource({"INT4, false", "INT4, true", "INT8, false", "BFLOAT16, false"})
    void theUpdateIsTheBestApproximationOfWhatTheRoundingLost(Precision precision, boolean dora) {
        Network original = original();
        LoRAModel model = LoRAModel.of(rounded(precision));
        AdapterView view = model.add("a", config(dora), LoftQInit.from(original));
        Network merged = view.merge();
        for (String path : new String[] {"first", "second"}) {
            INDArray w = linear(original, path).weight();
            INDArray error = w.sub(linear(model.network(), path).weight());
            double least = Svd.thin(error).error(16);
            double left = linear(merged, path).weight().distance2(w);
            assertThat(left).isCloseTo(least, within(1e-4 * least + 1e-5));
            assertThat(left).isLessThan(0.95 * error.norm2Number().doubleValue());
            LoRAWeights weights = requireNonNull(view.adapter().weights().get(path));
            assertThat(weights.loraA().norm2Number().doubleValue())
                    .isCloseTo(weights.loraB().norm2Number().doubleValue(), within(1e-3));
        }
        INDArray wanted = original.predict(x);
        assertThat(view.predict(x).distance2(wanted))
                .isLessThan(model.base().predict(x).distance2(wanted));
        assertThat(view.parameters()).allMatch(parameter -> parameter.isTrainable());
    }

    private static Linear linear(Network network, String path) {
        return network.linears().stream()
                .filter(layer -> layer.path().equals(path))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void itsFilesAreThoseOfAnOrdinaryAdapter(@TempDir Path folder) throws Exception {
        LoRAModel model = LoRAModel.of(rounded(Precision.INT4));
        AdapterView view = model.add("a", config(false), LoftQInit.from(original()));
        view.save(folder.resolve("a"));
        AdapterView loaded = model.load("b", folder.resolve("a"));
        assertThat(loaded.predict(x)).isEqualTo(view.predict(x));
    }

    @Test
    void anotherNetworkAndAnotherInitializationAreRefusedAndChangeNothing() {
        LoRAModel model = LoRAModel.of(rounded(Precision.INT4));
        Network other = Network.builder(FEATURES).linear("first", 211).build(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.add("a", config(false), LoftQInit.from(other)))
                .withMessageContaining("original: must have a dense layer first [210, 260], found [211, 260]");
        Network missing = Network.builder(FEATURES).linear("third", 210).build(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.add("a", config(false), LoftQInit.from(missing)))
                .withMessageContaining("found none; give the network that the base was rounded from");
        LoRAConfig pissa = LoRAConfig.builder().rank(4).init(LoRAInit.pissa()).build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.add("a", pissa, LoftQInit.from(original())))
                .withMessageContaining("init: LoftQ takes the place of the initialization");
        assertThat(model.names()).isEmpty();
    }

    /** Without an error to undo, the update is zero. */
    @Test
    void aBaseThatLostNothingStartsAsItIs() {
        LoRAModel model = LoRAModel.of(original());
        AdapterView view = model.add("a", config(false), LoftQInit.from(original()));
        assertThat(view.predict(x).equalsWithEps(model.base().predict(x), 1e-6)).isTrue();
    }
}
