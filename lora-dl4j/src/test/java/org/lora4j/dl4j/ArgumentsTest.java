package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.slf4j.LoggerFactory;

/** What the public methods refuse. */
class ArgumentsTest {
    private static final LoRAConfig CONFIG = Networks.config(2, "first", "head");
    private static final IUpdater SGD = new Sgd(1);

    private final MultiLayerNetwork base = Networks.dense(DataType.FLOAT);
    private final LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
    private final MultiLayerNetwork adapted = lora.add("a", CONFIG, SGD);

    @SuppressWarnings({"NullAway", "DataFlowIssue"}) // what is tested
    static Stream<Arguments> nulls() {
        Path folder = Path.of("folder");
        return Stream.of(
                of("base", lora -> LoRANetwork.of((MultiLayerNetwork) null)),
                of("base", lora -> LoRANetwork.of((ComputationGraph) null)),
                of("name", lora -> lora.add(null, CONFIG, SGD)),
                of("config", lora -> lora.add("b", (LoRAConfig) null, SGD)),
                of("updater", lora -> lora.add("b", CONFIG, (IUpdater) null)),
                of("name", lora -> lora.add(null, lora.adapter("a"), SGD)),
                of("adapter", lora -> lora.add("b", (LoRAAdapter) null, SGD)),
                of("updater", lora -> lora.add("b", lora.adapter("a"), null)),
                of("name", lora -> lora.load(null, folder, SGD)),
                of("folder", lora -> lora.load("b", null, SGD)),
                of("updater", lora -> lora.load("b", folder, null)),
                of("options", lora -> lora.load("b", folder, SGD, null)),
                of("name", lora -> lora.add(null, CONFIG, lora.using("a"))),
                of("config", lora -> lora.add("b", null, lora.using("a"))),
                of("restored", lora -> lora.add("b", CONFIG, (MultiLayerNetwork) null)),
                of("name", lora -> lora.using(null)),
                of("name", lora -> lora.delete(null)),
                of("name", lora -> lora.adapter(null)),
                of("name", lora -> lora.save(null, folder)),
                of("folder", lora -> lora.save("a", null)),
                of("name", lora -> lora.merge(null)),
                of("name", lora -> lora.setEnabled(null, true)),
                of("name", lora -> lora.isEnabled(null)),
                of("name", lora -> lora.setLearningRate(null, 0.1)),
                of("name", lora -> lora.parameterReport(null)));
    }

    /** A call that may throw checked exceptions. */
    @FunctionalInterface
    private interface Call {
        void on(LoRANetwork<MultiLayerNetwork> lora) throws Exception;
    }

    private static Arguments of(String parameter, Call call) {
        return Arguments.of(parameter, call);
    }

    @ParameterizedTest
    @MethodSource("nulls")
    void refuseNull(String parameter, Call call) {
        assertThatThrownBy(() -> call.on(lora))
                .isInstanceOf(NullPointerException.class)
                .hasMessage(parameter + " must not be null");
    }

    @Test
    void refuseAnUnknownAdapter(@TempDir Path folder) {
        List<ThrowingCallable> calls = List.of(
                () -> lora.using("b"),
                () -> lora.delete("b"),
                () -> lora.adapter("b"),
                () -> lora.save("b", folder),
                () -> lora.merge("b"),
                () -> lora.setEnabled("b", true),
                () -> lora.isEnabled("b"),
                () -> lora.setLearningRate("b", 0.1),
                () -> lora.parameterReport("b"));
        for (ThrowingCallable call : calls) {
            assertThatThrownBy(call)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("no adapter 'b'; there are [a]");
        }
    }

    @Test
    void refuseANameThatIsTaken(@TempDir Path folder) throws Exception {
        lora.save("a", folder);
        List<ThrowingCallable> calls = List.of(
                () -> lora.add("a", CONFIG, SGD),
                () -> lora.add("A", lora.adapter("a"), SGD),
                () -> lora.load("a", folder, SGD, ReadOptions.of(FingerprintCheck.REQUIRE)),
                () -> lora.add("A", CONFIG, adapted));
        for (ThrowingCallable call : calls) {
            assertThatThrownBy(call)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'a'");
        }
        lora.delete("a");
        assertThatCode(() -> lora.add("A", CONFIG, SGD)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void refuseALearningRate(double rate) {
        assertThatThrownBy(() -> lora.setLearningRate("a", rate))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the learning rate must be positive and finite, found " + rate);
    }

    @Test
    void refuseToAddOtherNetworks() {
        assertThatThrownBy(() -> lora.add("b", CONFIG, base))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the network must be one that LoRANetwork made, found one whose layers have no adapter");
        MultiLayerNetwork wider = Networks.of(
                DataType.FLOAT,
                InputType.feedForward(5),
                Networks.dense("first", 7),
                Networks.dense("second", 4),
                Networks.output("head", 3));
        MultiLayerNetwork ofWider = LoRANetwork.of(wider).add("a", CONFIG, SGD);
        assertThatThrownBy(() -> lora.add("b", CONFIG, ofWider))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer 'first': the network must have the arrays of this base and configuration,")
                .hasMessageContaining("expected")
                .hasMessageContaining("found");
    }

    @Test
    void refuseTheLargestRank() {
        assertThatThrownBy(() -> lora.add("b", LoRAConfig.of(Integer.MAX_VALUE, 1), SGD))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rank must be at most 1048576, found 2147483647");
        assertThat(lora.names()).containsExactly("a");
    }

    @Test
    void tellWhatTheDefaultLeavesOut() {
        Logger logger = (Logger) LoggerFactory.getLogger(LoRANetwork.class);
        ListAppender<ILoggingEvent> logged = new ListAppender<>();
        logged.start();
        logger.setLevel(Level.INFO);
        logger.setAdditive(false);
        logger.addAppender(logged);
        try {
            MultiLayerNetwork images = Networks.of(
                    DataType.FLOAT,
                    InputType.convolutional(4, 4, 1),
                    new ConvolutionLayer.Builder(2, 2).name("conv1").nOut(2).build(),
                    new ConvolutionLayer.Builder(2, 2).name("conv2").nOut(2).build(),
                    Networks.output("head", 3));
            LoRANetwork<MultiLayerNetwork> ofImages = LoRANetwork.of(images);
            ofImages.add("all", LoRAConfig.of(1, 1), SGD);
            ofImages.add("named", Networks.config(1, "conv1"), SGD);
            ofImages.add(
                    "saved",
                    LoRAConfig.builder().rank(1).modulesToSave("conv1", "conv2").build(),
                    SGD);
        } finally {
            logger.detachAppender(logged);
            logger.setAdditive(true);
            logger.setLevel(null);
        }
        assertThat(logged.list)
                .extracting(event -> event.getLevel() + " " + event.getFormattedMessage())
                .containsExactly("INFO adapter all: all dense layers are adapted; convolutions and embeddings are not,"
                        + " which are 'conv1', 'conv2'; name the targets to adapt them");
    }

    @Test
    void refuseDataOfAnotherBase() {
        MultiLayerNetwork wider = Networks.of(
                DataType.FLOAT, InputType.feedForward(5), Networks.dense("first", 7), Networks.output("head", 3));
        LoRANetwork<MultiLayerNetwork> other = LoRANetwork.of(wider);
        other.add("a", CONFIG, SGD);
        assertThatThrownBy(() -> lora.add("b", other.adapter("a"), SGD))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("adapter 'b': ")
                .hasMessageContaining("first");
        Consumer<String> namesAreThoseOfBefore =
                name -> assertThatThrownBy(() -> lora.using(name)).hasMessageContaining("no adapter");
        namesAreThoseOfBefore.accept("b");
    }
}
