package org.lora4j.text.train;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SortedMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.fixtures.SmallReranker;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Head;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a classifier begins with, on small models. */
class ClassifierStartTest {
    private static final BaseStorage STORAGE = BaseStorage.of(Precision.FLOAT);
    private static final List<LabelledText> FEW = List.of(
            new LabelledText("parcel parcel", "a"),
            new LabelledText("my parcel", "a"),
            new LabelledText("where is", "b"),
            new LabelledText("where where", "b"));

    @TempDir
    private static Path temp;

    private static Path encoder;
    private static Path decoder;

    @BeforeAll
    static void write() throws IOException {
        encoder = CompleteEncoder.write(temp.resolve("encoder")).folder();
        decoder = SmallReranker.write(temp.resolve("decoder"));
    }

    private static TextClassifier open(Head head) throws IOException {
        return open(head, "a", "b");
    }

    private static TextClassifier open(Head head, String... labels) throws IOException {
        Path folder = head == Head.LAST ? decoder : encoder;
        return TextClassifier.create(folder, Labels.of(List.of(labels)), head, OptionalInt.empty(), 1, STORAGE);
    }

    private static AdapterView adapter(TrainableClassify task) {
        return LoRAModel.of(task.network())
                .add(
                        "one",
                        task.config(
                                LoRAConfig.builder().rank(2).alpha(4).seed(1).build()));
    }

    private static List<LabelledText> many() {
        List<LabelledText> many = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            many.addAll(FEW);
        }
        return many;
    }

    /** It reads what the head reads, whatever that is, so the outputs of the adapter are those of the probe. */
    @ParameterizedTest
    @EnumSource(
            value = Head.class,
            names = {"MEAN", "POOLER", "LAST"})
    void theClassifierIsTheProbeWithAStrongerPenalty(Head head) throws IOException {
        try (TextClassifier model = open(head)) {
            TrainableClassify task = model.trainableClasses();
            AdapterView adapter = adapter(task);
            LoRAAdapter before = adapter.adapter();
            ClassifierStart start = task.start(adapter, many(), 1);
            assertThat(start.kind()).isEqualTo(ClassifierStart.Kind.PROBE);
            assertThat(adapter.adapter().weights()).isEqualTo(before.weights());
            double ofStart = loss(task, adapter);
            start.probe().writeTo(adapter);
            assertThat(loss(task, adapter)).isLessThan(ofStart).isPositive();
            assertThat(ofStart).isLessThan(Math.log(2));
            assertThat(task.measure(adapter, FEW).predicted())
                    .isEqualTo(start.probe().predict(FEW));
            LoRAAdapter.SavedModule written = requireNonNull(adapter.adapter()
                    .savedModules()
                    .get(task.network().replaceableHead().orElseThrow()));
            INDArray expected = start.probe().regression().weight();
            assertThat(written.weight().castTo(expected.dataType()).distance2(expected))
                    .isCloseTo(0, within(1e-5 * expected.norm2Number().doubleValue()));
            assertThat(written.bias() == null).isEqualTo(head == Head.LAST);
        }
    }

    @Test
    void fewerTextsHaveTheSamePriorInTheLearningCurve() throws IOException {
        try (TextClassifier model = open(Head.MEAN)) {
            LinearProbe probe = LinearProbe.fit(model.features(), model.trainableClasses(), many());
            SortedMap<Integer, List<Integer>> curve = probe.learningCurve(FEW, 1);
            assertThat(curve.keySet()).containsExactly(10, 20, 40, 80);
            assertThat(curve.get(80)).isEqualTo(probe.predict(FEW)).containsExactly(0, 0, 1, 1);
            assertThat(probe.learningCurve(FEW, 1)).isEqualTo(curve);
            LinearProbe least = LinearProbe.fit(model.features(), model.trainableClasses(), FEW.subList(0, 3));
            assertThat(least.learningCurve(FEW, 1)).hasSize(1);
        }
    }

    private static double loss(TrainableClassify task, AdapterView adapter) {
        Batch batch = task.batch(FEW);
        INDArray outputs = adapter.predict(batch.input());
        return task.loss().compute(outputs, requireNonNull(batch.labels()), outputs.ulike());
    }

    /** A class with more weight is taken for the other one less often, also at the start. */
    @Test
    void theWeightsOfClassesCountAtTheStart() throws IOException {
        try (TextClassifier model = open(Head.MEAN)) {
            TrainableClassify task = model.trainableClasses();
            assertThat(forFirstClass(task.withClassWeights(5, 1))).isGreaterThan(forFirstClass(task));
        }
    }

    private static double forFirstClass(TrainableClassify task) {
        List<LabelledText> same = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            same.add(new LabelledText("parcel", i % 2 == 0 ? "a" : "b"));
        }
        INDArray bias =
                task.start(adapter(task), same, 1).probe().regression().bias().orElseThrow();
        return bias.getDouble(0) - bias.getDouble(1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Head.class,
            names = {"MEAN", "POOLER", "LAST"})
    void fewTextsTeachTheLayersPairs(Head head) throws IOException {
        try (TextClassifier model = open(head)) {
            TrainableClassify task = model.trainableClasses();
            AdapterView adapter = adapter(task);
            LoRAAdapter before = adapter.adapter();
            assertThat(task.start(adapter, FEW, 1).kind()).isEqualTo(ClassifierStart.Kind.PAIRS);
            LoRAAdapter learned = adapter.adapter();
            assertThat(learned.weights().keySet()).isEqualTo(before.weights().keySet());
            assertThat(learned.weights()).isNotEqualTo(before.weights());
            assertThat(task.measure(adapter, FEW).right()).containsOnly(1.0);

            AdapterView again = adapter(task);
            task.start(again, FEW, 1);
            assertThat(again.adapter()).isEqualTo(learned);
            AdapterView other = adapter(task);
            task.start(other, FEW, 2);
            assertThat(other.adapter().weights()).isNotEqualTo(learned.weights());
        }
    }

    @ParameterizedTest
    @CsvSource({"parcel, where, PAIRS", "class 1, class 2, PROBE", "1, 2, PROBE", "a, b, PROBE"})
    void aClassOfOneTextHasAPairIfItsNameHasWords(String one, String other, ClassifierStart.Kind kind)
            throws IOException {
        try (TextClassifier model = open(Head.MEAN, one, other)) {
            TrainableClassify task = model.trainableClasses();
            List<LabelledText> texts = List.of(new LabelledText("my parcel", one), new LabelledText("where is", other));
            assertThat(task.start(adapter(task), texts, 1).kind()).isEqualTo(kind);
        }
    }

    @Test
    void anAdapterWithoutAClassifierIsRefused() throws IOException {
        try (TextClassifier model = open(Head.MEAN)) {
            TrainableClassify task = model.trainableClasses();
            AdapterView without = LoRAModel.of(task.network()).add("one", LoRAConfig.of(2, 4));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> task.start(without, many(), 1))
                    .withMessageContaining("must have a classifier of its own, classifier");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> task.start(without, List.of(), 1))
                    .withMessageContaining("at least one text");
        }
    }
}
