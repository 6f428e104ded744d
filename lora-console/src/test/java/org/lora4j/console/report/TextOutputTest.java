package org.lora4j.console.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.lora4j.train.TrainingResult;

class TextOutputTest {
    private final StringWriter text = new StringWriter();
    private final TextOutput output = new TextOutput(new PrintWriter(text));

    private String text() {
        return text.toString().replace(System.lineSeparator(), "\n");
    }

    @Test
    void sectionsAreNumberedAndUnderlined() {
        output.section("Data");
        output.fact("%,d texts", 1234);
        output.section("Rank %d", 4);
        output.line("100 %");
        assertThat(text()).isEqualTo("""

                1. Data
                -------
                  1,234 texts

                2. Rank 4
                ---------
                100 %
                """);
    }

    @Test
    void aPartIsWrittenAsItStandsAndAtOnce() {
        output.part("50 %d");
        output.part(" more");
        assertThat(text()).isEqualTo("50 %d more");
    }

    @Test
    void aTrainingHasItsTimeAndItsLoss() {
        output.training(new TrainingResult(
                250,
                2,
                2500,
                0.5,
                0.12345,
                Duration.ofMillis(500),
                TrainingResult.StopReason.EPOCHS,
                Optional.empty()));
        assertThat(text()).isEqualTo("  250 batches in 0.5 s (2.00 ms each); mean loss of the last 100: 0.1235\n");
    }

    @Test
    void aCheckSaysHowManyHoldOrWhichDoNot() {
        Map<String, Boolean> holds = new LinkedHashMap<>();
        holds.put("linear1", true);
        holds.put("linear2", true);
        output.check("frozen weights are unchanged", holds);
        holds.put("linear2", false);
        holds.put("linear3", false);
        output.check("frozen weights are unchanged", holds);
        assertThat(text().lines())
                .containsExactly(
                        "  frozen weights are unchanged" + " ".repeat(32) + " yes, 2 of 2",
                        "  frozen weights are unchanged" + " ".repeat(32) + " NO: linear2, linear3");
    }

    @Test
    void theFilesHaveASectionThatIsNumberedBesideOthers() {
        Path folder = Path.of("run");
        Map<String, String> files = new LinkedHashMap<>();
        files.put("base", "base.safetensors");
        files.put("page", "report.html");
        output.files(folder, files);
        assertThat(text()).isEqualTo("""

                Files
                -----
                  base %s
                  page %s

                The page has all of this. Open it in a browser.
                """.formatted(folder.resolve("base.safetensors"), folder.resolve("report.html")));
        output.section("One");
        output.files(folder, files);
        assertThat(text()).contains("1. One\n", "2. Files\n--------\n");
    }

    @Test
    void aNumberIsWrittenWithoutAnExponent() {
        assertThat(TextOutput.plain(3e-4)).isEqualTo("0.0003");
        assertThat(TextOutput.plain(200)).isEqualTo("200");
    }
}
