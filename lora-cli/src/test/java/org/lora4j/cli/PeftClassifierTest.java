package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Classifiers as PEFT stores them: nothing names the head and the classes. */
class PeftClassifierTest {
    @TempDir
    private Path temp;

    @Test
    @Tag("slow")
    void readsTheMeanIfTheModelHasNoPooler() throws IOException {
        checkWithoutTask(SmallModels.bertWithoutPooler(temp.resolve("model"), 1));
    }

    @Test
    @Tag("slow")
    void readsThePoolerIfThereIsOne() throws IOException {
        checkWithoutTask(SmallModels.bert(temp.resolve("model"), 1));
    }

    private void checkWithoutTask(Path model) throws IOException {
        Path data = SmallTexts.csv(temp.resolve("texts.csv"), 40, 2);
        Path adapter = temp.resolve("adapter");
        Cli.good("classify", "--model", model, "--data", data, "--output", adapter, "--epochs", 1, "--rate", 0.01);
        List<String> named = predict(model, adapter, data);
        Files.delete(adapter.resolve("task.json"));
        List<String> numbered = predict(model, adapter, data);
        assertThat(numbered).hasSameSizeAs(named).hasSizeGreaterThan(20);
        for (int i = 1; i < named.size(); i++) {
            assertThat(numbered.get(i))
                    .isEqualTo(named.get(i)
                            .replaceFirst(",cats,([0-9.E-]+)$", ",LABEL_0,$1")
                            .replaceFirst(",ships,([0-9.E-]+)$", ",LABEL_1,$1"));
        }
    }

    private List<String> predict(Path model, Path adapter, Path data) throws IOException {
        Path output = temp.resolve("predicted.csv");
        Cli.good("predict", "--model", model, "--adapter", adapter, "--data", data, "--output", output);
        return Files.readAllLines(output);
    }
}
