package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationGELU;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationThresholdedReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class NetworkArchitectureTest {
    static Stream<IActivation> activations() {
        return Stream.concat(
                Stream.of(org.nd4j.linalg.activations.Activation.values())
                        .filter(name -> name != org.nd4j.linalg.activations.Activation.RRELU)
                        .map(org.nd4j.linalg.activations.Activation::getActivationFunction),
                Stream.of(
                        new ActivationELU(0.25),
                        new ActivationLReLU(0.3),
                        new ActivationThresholdedReLU(0.5),
                        new ActivationGELU(true),
                        new ActivationReLU(3.0, 0.5, 0.1)));
    }

    private static Network network(IActivation activation) {
        return Network.builder(4)
                .linear("first", 3)
                .activation(activation)
                .linear("second.head", 2, false)
                .build(7);
    }

    @ParameterizedTest
    @MethodSource("activations")
    void rebuildsTheSameNetwork(IActivation activation) {
        Network network = network(activation);
        String json = network.architecture().toJson();
        Network rebuilt = NetworkArchitecture.parse(json).build(7);
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 5, 4);
        assertThat(rebuilt.layers().toString()).isEqualTo(network.layers().toString());
        assertThat(Samples.bits(rebuilt.predict(x))).isEqualTo(Samples.bits(network.predict(x)));
        assertThat(rebuilt.architecture()).isEqualTo(network.architecture()).hasToString(json);
    }

    @Test
    void architecturesOfOtherLayersAreNotEqual() {
        assertThat(network(new ActivationELU(0.25)).architecture())
                .isNotEqualTo(network(new ActivationELU(0.5)).architecture());
    }

    @Test
    void anotherSeedGivesOtherParameters() {
        NetworkArchitecture architecture = network(new ActivationReLU()).architecture();
        assertThat(Samples.bits(architecture.build(1).linear("first").weight()))
                .isNotEqualTo(Samples.bits(architecture.build(2).linear("first").weight()));
    }

    /** A function that ND4J does not know. */
    private static final class Own extends BaseActivationFunction {
        private static final long serialVersionUID = 1;

        @Override
        public INDArray getActivation(INDArray in, boolean training) {
            return in;
        }

        @Override
        public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
            return new Pair<>(epsilon, null);
        }
    }

    @Test
    void refusesAFunctionThatCannotBeDescribed() {
        Network network = network(new Own());
        assertThatIllegalArgumentException()
                .isThrownBy(network::architecture)
                .withMessageContaining("only activations of ND4J can be described as data")
                .withMessageContaining("Own");
        assertThat(network.toTensors().metadata()).containsOnlyKeys("format");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[]|must be a JSON object",
                "{|must be valid JSON",
                "{}|inputSize must be an integer",
                "{'inputSize':4,'dataType':'HALF','layers':[]}|dataType must be FLOAT or DOUBLE, found HALF",
                "{'inputSize':4,'dataType':'FLOAT'}|must have a list of layers",
                "{'inputSize':4,'dataType':'FLOAT','layers':[]}|at least one linear layer",
                "{'inputSize':4,'dataType':'FLOAT','layers':[{'path':'a','type':'conv'}]}|must be linear or activation",
                "{'inputSize':4,'dataType':'FLOAT','layers':[{'path':'a','type':'linear','outputSize':-1}]}|at least 1",
                "{'inputSize':4,'dataType':'FLOAT','layers':[{'path':'a','type':'activation','function':'NO'}]}|must be an activation of ND4J",
                "{'inputSize':1e99,'dataType':'FLOAT','layers':[]}|inputSize must be an integer"
            })
    void refusesWhatDescribesNoNetwork(String json, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> NetworkArchitecture.parse(json.replace('\'', '"')))
                .withMessageContaining(message);
    }
}
