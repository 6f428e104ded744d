package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.gradientcheck.GradientCheckUtil.MLNConfig;
import org.deeplearning4j.nn.conf.layers.CapsuleLayer;
import org.deeplearning4j.nn.conf.layers.CapsuleStrengthLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution2D;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.Pooling1D;
import org.deeplearning4j.nn.conf.layers.Pooling2D;
import org.deeplearning4j.nn.conf.layers.PrimaryCapsules;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.dl4j.LayerCases.Case;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;

/** Each layer of DL4J works in an adapted network, or is refused with its name. */
@Tag("slow")
@ExtendWith(InDouble.class)
@Tag("numbers")
class EveryLayerTest {
    /** DL4J's builders of these create their superclass. */
    private static final Set<Class<?>> NAMES_OF_OTHERS =
            Set.of(Convolution1D.class, Convolution2D.class, Pooling1D.class, Pooling2D.class);

    /** DL4J's gradients of these are wrong, so that nothing below them can train. */
    private static final Set<Class<?>> WITHOUT_GRADIENT = Set.of(
            LocallyConnected1D.class,
            LocallyConnected2D.class,
            SelfAttentionLayer.class,
            LearnedSelfAttentionLayer.class,
            RecurrentAttentionLayer.class,
            PrimaryCapsules.class,
            CapsuleLayer.class,
            CapsuleStrengthLayer.class,
            OCNNOutputLayer.class);

    static Stream<Arguments> cases() {
        return LayerCases.all().entrySet().stream()
                .map(entry -> Arguments.of(entry.getKey().getSimpleName(), entry.getKey(), entry.getValue()));
    }

    @Test
    void noLayerOfDl4jIsMissingHere() {
        Set<String> found = new ClassFileImporter()
                .importPackages("org.deeplearning4j.nn.conf").stream()
                        .filter(type -> type.isAssignableTo(Layer.class)
                                && !type.getModifiers().contains(JavaModifier.ABSTRACT))
                        .map(JavaClass::getName)
                        .collect(Collectors.toCollection(TreeSet::new));
        assertThat(found).hasSizeGreaterThan(60);
        NAMES_OF_OTHERS.forEach(type -> found.remove(type.getName()));
        Set<String> tested = new TreeSet<>();
        LayerCases.all().keySet().forEach(type -> tested.add(type.getName()));
        assertThat(tested).isEqualTo(found);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void worksOrIsRefusedByName(String name, Class<? extends Layer> type, Case one) {
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(one.base());
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .targetModules(lora.paths().toArray(new String[0]))
                .build();
        if (WITHOUT_GRADIENT.contains(type)) {
            assertThatThrownBy(() -> lora.add("a", config, new Sgd(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("DL4J 1.0.0-M2.1")
                    .hasMessageContaining("no layer below it can be adapted")
                    .hasMessageContaining(
                            CapsuleLayer.class == type || CapsuleStrengthLayer.class == type
                                    ? PrimaryCapsules.class.getSimpleName()
                                    : type.getSimpleName());
            return;
        }
        MultiLayerNetwork network = lora.add("a", config, new Sgd(1)); // As the check wants it.
        INDArray before = one.base().params().dup();
        Networks.disturb(network.params());
        requireMerged(lora, network, one);
        if (type != DropoutLayer.class) { // DL4J checks no network with dropout.
            assertThat(GradientCheckUtil.checkGradients(new MLNConfig()
                            .net(network)
                            .input(one.x())
                            .labels(one.y())
                            .epsilon(1e-6)
                            .maxRelError(1e-4)
                            .minAbsoluteError(1e-8)
                            .print(GradientCheckUtil.PrintMode.ZEROS)))
                    .isTrue();
        }
        network.fit(new DataSet(one.x(), one.y()));
        requireMerged(lora, network, one);
        assertThat(one.base().params().equalsWithEps(before, 0)).isTrue();
    }

    private static void requireMerged(LoRANetwork<MultiLayerNetwork> lora, MultiLayerNetwork network, Case one) {
        assertThat(lora.merge("a").output(one.x()).distance2(network.output(one.x())))
                .isLessThan(1e-9);
    }

    /** The paths of weights that a user could expect of it are refused too, and so are "all dense layers". */
    @Test
    void refusesAVariationalAutoencoderAsATarget() {
        Case one = Objects.requireNonNull(LayerCases.all().get(VariationalAutoencoder.class));
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(one.base());
        assertThat(lora.paths()).containsExactly("below", "head");
        for (LoRAConfig config : new LoRAConfig[] {
            LoRAConfig.of(1, 1),
            LoRAConfig.builder().targetModules("below", "layer1").build(),
            LoRAConfig.builder().targetModules("below", "layer1.e0W").build(),
            LoRAConfig.builder().targetModules("below").modulesToSave("layer1").build()
        }) {
            assertThatThrownBy(() -> lora.add("a", config, new Sgd(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("layer 'layer1': a target must not be a layer that trains by pretraining, of which fit"
                            + " computes no gradients, found a VariationalAutoencoder; choose other targets");
        }
    }
}
