package org.lora4j.example.mnist.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.console.report.Drawing;
import org.lora4j.console.report.TestResult;
import org.lora4j.example.mnist.report.ChartData.Example;

class ReportWriterTest {
    private static final List<Example> FIXED = List.of(SampleReport.example(9, 4, 9), SampleReport.example(9, 7, 9));
    private static final List<Example> BROKEN = Collections.nCopies(45, SampleReport.example(7, 7, 9));
    private static final ChartData DATA =
            new ChartData(SampleReport.losses(600), SampleReport.losses(100), FIXED, BROKEN);

    @TempDir
    Path folder;

    @Test
    void writesEveryFileThatTheReportNames() throws IOException {
        Map<String, String> written = ReportWriter.write(folder, SampleReport.report(), DATA);

        Set<String> named = new HashSet<>(written.values());
        assertThat(named).contains("base.safetensors");
        named.remove("base.safetensors");
        assertThat(named)
                .containsExactlyInAnyOrder(
                        "report.json",
                        "report.html",
                        "wrong-per-digit.png",
                        "confusion-base.png",
                        "confusion-lora.png",
                        "loss-base.png",
                        "loss-fine-tune.png",
                        "examples.png");
        assertThat(files()).isEqualTo(named);
        JsonNode json =
                new ObjectMapper().readTree(folder.resolve("report.json").toFile());
        assertThat(json.get("files")).isEqualTo(new ObjectMapper().valueToTree(written));
    }

    @Test
    @Tag("slow")
    void drawsChartsInTheirSizesAndColors() throws IOException {
        ReportWriter.write(folder, SampleReport.report(), DATA);

        requireImage("wrong-per-digit.png", 1800, 1000, Set.of(0x5B7FA6, 0xE6761B));
        requireImage("confusion-base.png", 1260, 1176, Set.of());
        requireImage("confusion-lora.png", 1260, 1176, Set.of(0xE6761B));
        requireImage("loss-base.png", 1800, 840, Set.of(0x5B7FA6));
        requireImage("loss-fine-tune.png", 1800, 840, Set.of(0xE6761B));
        requireImage("examples.png", 1796, 1028, Set.of(0x1F2A37));
    }

    @Test
    void drawsEachChartAgainForAPhoneOf390Pixels() {
        Charts.draw(SampleReport.report(), DATA)
                .forEach((file, picture) ->
                        assertThat(picture.narrow().width()).as(file.fileName).isBetween(Drawing.NARROW, 390 - 2 * 14));
    }

    @Test
    void writesAPageThatNeedsNoOtherFile() throws IOException {
        ReportWriter.write(folder, SampleReport.report(), DATA);
        String page = Files.readString(folder.resolve("report.html"));

        assertThat(Pattern.compile(
                                "src(?:set)?=\"(?!data:image/png;base64,)|href=|url\\(|@import|<script|<link|https?:")
                        .matcher(page)
                        .find())
                .isFalse();
        assertThat(page).doesNotContain("No charts");
        assertThat(Pattern.compile("<img ").matcher(page).results()).hasSize(6);
        assertThat(Pattern.compile("<source ").matcher(page).results()).hasSize(6);
        assertThat(Pattern.compile("alt=\"[^\"]{20,}\"").matcher(page).results())
                .hasSize(6);
    }

    @Tag("slow")
    @Test
    void writesNoBaseCurveForALoadedBaseAndDeletesAnOldOne() throws IOException {
        ReportWriter.write(folder, SampleReport.report(), DATA);
        Report.Training loaded = new Report.Training(null, new Report.Phase(100, 0.75, 0.00123));
        Report report = SampleReport.report(SampleReport.settings(), loaded, Map.of(), Map.of());

        Map<String, String> written =
                ReportWriter.write(folder, report, new ChartData(List.of(), List.of(1.0, 0.5), FIXED, BROKEN));

        assertThat(written).doesNotContainKey("lossBase").containsKey("lossFineTune");
        assertThat(files()).doesNotContain("loss-base.png").contains("loss-fine-tune.png");
    }

    @Tag("slow")
    @Test
    void drawsEmptySectionsWhenNothingWasFixedOrBroken() throws IOException {
        ReportWriter.write(
                folder,
                SampleReport.report(),
                new ChartData(SampleReport.losses(600), SampleReport.losses(100), List.of(), List.of()));
        requireImage("examples.png", 1796, 416, Set.of(0x1F2A37));
    }

    @Test
    @Tag("slow")
    void drawsLossesThatAreFewZeroOrNotFinite() throws IOException {
        for (List<Double> losses : List.of(
                List.of(0.5),
                List.of(0.0),
                List.of(0.0, 0.0, 0.0),
                List.of(1.0, Double.NaN, 0.1),
                List.of(Double.POSITIVE_INFINITY, 2.0),
                Collections.nCopies(11, 0.0))) {
            ReportWriter.write(folder, SampleReport.report(), new ChartData(losses, losses, List.of(), List.of()));
            assertThat(ImageIO.read(folder.resolve("loss-base.png").toFile()).getWidth())
                    .isEqualTo(1800);
        }
        Map<String, String> written = ReportWriter.write(
                folder, SampleReport.report(), new ChartData(List.of(Double.NaN), List.of(), List.of(), List.of()));
        assertThat(written).doesNotContainKeys("lossBase", "lossFineTune");
    }

    @Tag("slow")
    @Test
    void drawsANetworkWithoutErrorsAndManyResults() throws IOException {
        TestResult perfect = SampleReport.result(new int[10], new int[] {0});
        Report report = SampleReport.report(
                SampleReport.settings(),
                SampleReport.training(),
                new Report.Tests(perfect, perfect, perfect, perfect),
                SampleReport.checks(true),
                Map.of(),
                Map.of("a", perfect, "b", perfect, "c", perfect, "d", perfect, "e", perfect, "f", perfect));
        ReportWriter.write(folder, report, DATA);
        requireImage("wrong-per-digit.png", 1800, 1000, Set.of(0x5B7FA6, 0xE6761B));
    }

    @Test
    @Tag("slow")
    void leavesTheOldFileWhenTheNewOneCannotBeMoved() throws IOException {
        Path blocked = Files.createDirectories(folder.resolve("report.json").resolve("in-the-way"));
        assertThatThrownBy(() -> ReportWriter.write(folder, SampleReport.report(), DATA))
                .isInstanceOf(IOException.class);
        assertThat(blocked).exists();
        assertThat(files()).noneMatch(name -> name.endsWith(".part"));
    }

    private Set<String> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
        }
    }

    private void requireImage(String name, int width, int height, Set<Integer> colors) throws IOException {
        BufferedImage image = ImageIO.read(folder.resolve(name).toFile());
        assertThat(image.getWidth()).as(name).isEqualTo(width);
        assertThat(image.getHeight()).as(name).isEqualTo(height);
        Set<Integer> found = new HashSet<>();
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                found.add(image.getRGB(x, y) & 0xffffff);
            }
        }
        assertThat(found).as(name).contains(0xFFFFFF).containsAll(colors).hasSizeGreaterThan(5);
    }
}
