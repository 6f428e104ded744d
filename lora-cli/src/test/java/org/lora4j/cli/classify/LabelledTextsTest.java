package org.lora4j.cli.classify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;

class LabelledTextsTest {
    @TempDir
    private Path folder;

    private LabelledTexts read(String lines) throws IOException {
        Path file = Files.writeString(folder.resolve("t.csv"), "text,label\n" + lines);
        return LabelledTexts.read(
                new DataFile(file, null, null, Division.NONE, false),
                new InputColumns(new Column("--text", "text"), null),
                new Column("--label", "label"),
                List.of(),
                0);
    }

    @Test
    void numbersAreInTheirOrderBeforeWords() throws IOException {
        assertThat(read("a,b\na,10\na,9\na,a\n").labels().names()).containsExactly("9", "10", "a", "b");
    }

    @Test
    void balancedWeightsHaveTheMeanOneOverTheTexts() throws IOException {
        LabelledTexts texts = read("a,x\na,x\na,x\na,y\n");
        assertThat(texts.balancedWeights()).containsExactly(4.0 / 2 / 3, 4.0 / 2 / 1);
        assertThat(3 * texts.balancedWeights()[0] + texts.balancedWeights()[1]).isEqualTo(4);
    }

    @Test
    void aClassThatOnlyTheValidationHasIsAClass() throws IOException {
        Path train = Files.writeString(folder.resolve("train.csv"), "text,label\na,x\na,y\n");
        Path held = Files.writeString(folder.resolve("held.csv"), "text,label\na,z\n");
        LabelledTexts texts = LabelledTexts.read(
                new DataFile(train, null, held, Division.NONE, false),
                new InputColumns(new Column("--text", "text"), null),
                new Column("--label", "label"),
                List.of(),
                0);
        assertThat(texts.labels().names()).containsExactly("x", "y", "z");
        assertThat(texts.balancedWeights()).containsExactly(2.0 / 3, 2.0 / 3, 1);
        assertThat(texts.count(Division.Part.VALIDATION)).containsExactly(0, 0, 1);
    }
}
