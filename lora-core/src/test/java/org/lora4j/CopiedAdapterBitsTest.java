package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;

/** An adapter, its copies and what was saved and loaded compute the same bits, whether they can train or not. */
@Tag("numbers")
@Tag("slow")
class CopiedAdapterBitsTest {
    @TempDir
    Path folder;

    static Stream<Arguments> cases() {
        int[][] widths = {{784, 1000, 10}, {128, 384, 128}, {300, 200, 4}, {64, 2000, 3}};
        return Stream.of(DataType.FLOAT, DataType.DOUBLE)
                .flatMap(type -> Stream.of(false, true)
                        .flatMap(dora -> Stream.of(widths)
                                .flatMap(width -> IntStream.of(1, 2, 3, 8)
                                        .mapToObj(rank -> Arguments.of(type, dora, width, rank)))));
    }

    @ParameterizedTest(name = "{0}, DoRA {1}, {2}, rank {3}")
    @MethodSource("cases")
    void haveTheBitsOfTheOriginal(DataType type, boolean dora, int[] width, int rank) throws IOException {
        Network network = Models.dense(type, 7, width[0], width[1], width[2]);
        LoRAModel model = LoRAModel.of(network);
        model.add("a", LoRAConfig.builder().rank(rank).alpha(5).dora(dora).build());
        for (Parameter parameter : model.parameters("a")) {
            INDArray value = parameter.value();
            value.addi(Samples.gaussian(41, type, value.shape()).muli(0.2));
        }
        model.add("other", LoRAConfig.builder().rank(2).init(LoRAInit.random()).build());
        model.add("copy", model.adapter("a"));
        model.using("a").save(folder);
        model.load("loaded", folder);
        model.load("trainable", folder);
        model.setTrainable("a", "trainable");

        List<String> names = List.of("a", "copy", "loaded", "trainable");
        for (int n = 1; n <= 9; n++) {
            INDArray x = Samples.gaussian(n, type, n, width[0]);
            double[] expected = Samples.bits(model.using("a").predict(x));
            for (String name : names) {
                assertThat(Samples.bits(model.using(name).predict(x)))
                        .as("%s, %d rows", name, n)
                        .isEqualTo(expected);
            }
            assertThat(Samples.bits(model.predict(x, Collections.nCopies(n, "a"))))
                    .as("named for each of %d rows", n)
                    .isEqualTo(expected);
            double[] mixed = Samples.bits(model.predict(x, mixed(n, "a")));
            for (String name : names) {
                assertThat(Samples.bits(model.predict(x, mixed(n, name))))
                        .as("%s in a mixed batch of %d rows", name, n)
                        .isEqualTo(mixed);
            }
        }
        model.setTrainable(names.toArray(String[]::new));
        List<double[]> trained =
                names.stream().map(name -> train(model, name, width)).toList();
        for (int i = 1; i < names.size(); i++) {
            assertThat(trained.get(i)).as("%s trained on", names.get(i)).isEqualTo(trained.get(0));
        }
    }

    /** Every third row has another adapter. */
    private static List<String> mixed(int n, String name) {
        return IntStream.range(0, n).mapToObj(i -> i % 3 == 2 ? "other" : name).toList();
    }

    private static double[] train(LoRAModel model, String name, int[] width) {
        DataType type = model.network().dataType();
        Trainer.builder(model.using(name))
                .loss(Loss.meanSquaredError())
                .updater(new Adam(0.01))
                .epochs(2)
                .build()
                .fit(new DataSet(Samples.gaussian(3, type, 12, width[0]), Samples.gaussian(4, type, 12, width[2])), 5);
        return Samples.bits(model.using(name).predict(Samples.gaussian(5, type, 3, width[0])));
    }
}
