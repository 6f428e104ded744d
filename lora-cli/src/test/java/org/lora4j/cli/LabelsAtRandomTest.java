package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing can be learned from labels at random, so a report that says that the adapter is better is wrong. */
@Tag("slow")
class LabelsAtRandomTest {
    private static final int RUNS = 5;

    @TempDir
    private Path temp;

    /** An interval of 95 % is wholly above 0 in one of 40 runs; the adapter must also be better than two others. */
    @ParameterizedTest
    @ValueSource(ints = {30, 120})
    void reportsHardlyEverClaimAGain(int texts) throws IOException {
        Path model = SmallModels.bert(temp.resolve("bert"), 1);
        int claims = 0;
        Set<String> starts = new TreeSet<>();
        for (int run = 0; run < RUNS; run++) {
            JsonNode report = Cli.good(
                            "classify",
                            "--model",
                            model,
                            "--data",
                            data(texts, run),
                            "--output",
                            temp.resolve("adapter-" + run),
                            "--test",
                            0.4,
                            "--seed",
                            run,
                            "--no-learn-all",
                            "--json")
                    .json();
            starts.add(report.at("/learned/start").asText());
            claims += report.at("/judgement/outcome").asText().equals("BETTER") ? 1 : 0;
        }
        assertThat(starts).contains("probe");
        // Labels at random have pairs too, and chance decides whether these help.
        assertThat(starts.contains("pairs")).isEqualTo(texts == 30);
        assertThat(claims).isLessThanOrEqualTo(1);
    }

    private Path data(int texts, int seed) throws IOException {
        Path file = SmallTexts.csv(temp.resolve("texts.csv"), texts, seed);
        Random random = new Random(seed);
        StringBuilder shuffled = new StringBuilder("text,label\n");
        Files.readAllLines(file).stream()
                .skip(1)
                .forEach(line -> shuffled.append(line, 0, line.indexOf(','))
                        .append(random.nextBoolean() ? ",cats\n" : ",ships\n"));
        return Files.writeString(file, shuffled);
    }
}
