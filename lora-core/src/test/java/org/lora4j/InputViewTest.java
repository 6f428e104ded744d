package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.SmallModels.assertClose;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.input.Input;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Every kind of view and memory order of an input gives the outputs and trainings of its copy. */
@Tag("numbers")
class InputViewTest {
    private static final int ROWS = 6;
    private static final int IN = 6;

    private static INDArray wide() {
        return Samples.gaussian(1, DataType.FLOAT, 3 * ROWS, 3 * IN);
    }

    private static Map<String, INDArray> views() {
        Map<String, INDArray> views = new LinkedHashMap<>();
        INDArray square = Samples.gaussian(2, DataType.FLOAT, ROWS, IN);
        views.put("c", square.dup('c'));
        views.put("f", square.dup('f'));
        views.put("transposed", square.transpose());
        views.put("rows", wide().get(NDArrayIndex.interval(2, 2 + ROWS), NDArrayIndex.interval(0, IN)));
        views.put("columns", wide().get(NDArrayIndex.interval(0, ROWS), NDArrayIndex.interval(4, 4 + IN)));
        views.put(
                "f columns", wide().dup('f').get(NDArrayIndex.interval(1, 1 + ROWS), NDArrayIndex.interval(4, 4 + IN)));
        views.put("steps of rows", strided(2 * 3 * IN, 1));
        views.put("steps of columns", strided(3 * IN, 2));
        views.put("steps of both", strided(2 * 3 * IN, 3));
        views.put("a broadcast row", strided(0, 1));
        views.put("a broadcast column", strided(3 * IN, 0));
        views.put("a broadcast number", strided(0, 0));
        views.put("one row", square.getRow(2, true));
        views.put("one column row", square.transpose().getRow(1, true));
        return views;
    }

    private static INDArray view(String name) {
        return Objects.requireNonNull(views().get(name));
    }

    private static INDArray strided(long rowStride, long columnStride) {
        return Nd4j.create(wide().data(), new long[] {ROWS, IN}, new long[] {rowStride, columnStride}, 5, 'c');
    }

    private static LoRAModel model() {
        LoRAModel model = LoRAModel.of(SmallModels.network());
        model.add("lora", SmallModels.random(1).build());
        model.add("dora", SmallModels.random(2).dora(true).build());
        return model;
    }

    static List<String> names() {
        return new ArrayList<>(views().keySet());
    }

    @ParameterizedTest
    @MethodSource("names")
    void predictsAsTheCopyDoes(String name) {
        INDArray view = view(name);
        INDArray copy = view.dup('c');
        LoRAModel model = model();
        for (String adapter : List.of("lora", "dora")) {
            assertClose(model.using(adapter).predict(view), model.using(adapter).predict(copy), 1e-5);
        }
        assertClose(model.base().predict(view), model.base().predict(copy), 1e-5);
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < view.size(0); i++) {
            rows.add(List.of("lora", "dora", LoRAModel.BASE).get(i % 3));
        }
        assertClose(model.predict(view, rows), model.predict(copy, rows), 1e-5);
    }

    @ParameterizedTest
    @MethodSource("names")
    void trainsAsTheCopyDoes(String name) {
        INDArray view = view(name);
        INDArray labels = Samples.gaussian(9, DataType.FLOAT, view.size(0), 4);
        for (boolean dora : new boolean[] {false, true}) {
            LoRAConfig config = SmallModels.random(3).dora(dora).build();
            LoRAModel byView = LoRAModel.of(SmallModels.network());
            LoRAModel byCopy = LoRAModel.of(SmallModels.network());
            train(byView.add("a", config), new Batch(Input.of(view), labels));
            train(byCopy.add("a", config), new Batch(Input.of(view.dup('c')), labels));
            for (int i = 0; i < byView.parameters("a").size(); i++) {
                assertClose(
                        byView.parameters("a").get(i).value(),
                        byCopy.parameters("a").get(i).value(),
                        1e-4);
            }
        }
    }

    private static void train(AdapterView view, Batch batch) {
        Trainer.builder(view).loss(Loss.meanSquaredError()).build().fit(List.of(batch, batch, batch));
    }

    @ParameterizedTest
    @ValueSource(longs = {1L << 20, 1L << 30})
    void refusesAnOutputThatIsTooLargeForOneArrayBeforeItNeedsMemory(long rows) {
        Network network = Network.builder(1).linear("l", 4000).build(1);
        INDArray x = Nd4j.create(Nd4j.createFromArray(1f).data(), new long[] {rows, 1}, new long[] {0, 1}, 0, 'c');
        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.predict(x))
                .withMessageContaining("fewer than 2^31 elements, found " + rows + " rows of 4000 outputs");
    }

    @Test
    void theNamedViewsAreWhatTheySay() {
        assertThat(view("a broadcast row").stride(0)).isZero();
        assertThat(view("a broadcast column").stride(1)).isZero();
        assertThat(view("transposed").ordering()).isEqualTo('f');
    }
}
