package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
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
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An adapter, its copies and what was saved and loaded compute the same bits, whether they can train or not. */
@Tag("numbers")
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
        Network network = Network.builder(width[0])
                .dataType(type)
                .linear("first", width[1])
                .relu()
                .linear("second", width[2])
                .build(7);
        LoRAModel model = LoRAModel.of(network);
        model.add("a", LoRAConfig.builder().rank(rank).alpha(5).dora(dora).build());
        for (Parameter parameter : model.parameters("a")) {
            INDArray value = parameter.value();
            value.addi(Samples.gaussian(41, type, value.shape()).muli(0.2));
        }
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
            List<String> mixed = new ArrayList<>(Collections.nCopies(n, "a"));
            double[] one = Samples.bits(model.predict(x, mixed));
            assertThat(one).as("named for each of %d rows", n).isEqualTo(expected);
        }
    }
}
