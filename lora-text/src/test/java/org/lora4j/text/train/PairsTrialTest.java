package org.lora4j.text.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Head;

/** Whether few texts teach more as pairs. */
class PairsTrialTest {
    @TempDir
    private Path temp;

    @ParameterizedTest
    @CsvSource({"5, 5, PAIRS", "6, 5, PAIRS", "5, 6, PROBE", "0, 0, PAIRS"})
    void pairsMustNameAsManyTextsRight(int pairs, int frozen, ClassifierStart.Kind kind) {
        assertThat(new PairsTrial(8, pairs, frozen).kind()).isEqualTo(kind);
    }

    @Test
    void eachTextIsNamedOnceAndTheAdapterStays() throws IOException {
        try (TextClassifier model = TextClassifier.create(
                CompleteEncoder.write(temp.resolve("encoder")).folder(),
                Labels.of(List.of("a", "b")),
                Head.MEAN,
                OptionalInt.empty(),
                1,
                BaseStorage.of(Precision.FLOAT))) {
            TrainableClassify task = model.trainableClasses();
            AdapterView adapter = LoRAModel.of(task.network())
                    .add(
                            "one",
                            task.config(LoRAConfig.builder()
                                    .rank(2)
                                    .alpha(4)
                                    .seed(1)
                                    .build()));
            LoRAAdapter before = adapter.adapter();
            List<LabelledText> texts = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                texts.add(new LabelledText("parcel" + " my".repeat(i), "a"));
                texts.add(new LabelledText("where" + " is".repeat(i), "b"));
            }
            PairsTrial trial = PairsTrial.of(task, adapter, texts, 1);
            assertThat(trial.texts()).isEqualTo(10);
            assertThat(trial.frozen()).isBetween(5, 10);
            assertThat(trial.pairs()).isBetween(5, 10);
            assertThat(PairsTrial.of(task, adapter, texts, 1)).isEqualTo(trial);
            assertThat(adapter.adapter()).isEqualTo(before);
        }
    }
}
