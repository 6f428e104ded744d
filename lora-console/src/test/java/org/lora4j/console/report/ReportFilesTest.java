package org.lora4j.console.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.nn.Network;

class ReportFilesTest {
    private static final TestResult RESULT = TestResult.of(new int[][] {{3, 1}, {0, 4}});

    @TempDir
    private Path temp;

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void writesThePageTheNumbersAndTheChartsThatThereAre() throws IOException {
        Path folder = temp.resolve("new/run");
        Drawing wide = Drawing.of(10, 5, g -> {
            g.setColor(Color.RED);
            g.fillRect(0, 0, 5, 5);
        });
        Picture picture = new Picture("a square", wide, new Drawing(4, ""));
        ReportFiles.write(folder, Map.of("loss.png", Optional.of(picture)), "<p>ü</p>", RESULT);
        assertThat(names(folder)).containsExactly("loss.png", ReportFiles.PAGE, ReportFiles.JSON);
        assertThat(Files.readString(folder.resolve(ReportFiles.PAGE))).isEqualTo("<p>ü</p>");
        assertThat(ReportJson.fromBytes(Files.readAllBytes(folder.resolve(ReportFiles.JSON)), TestResult.class))
                .isEqualTo(RESULT);
        var image = ImageIO.read(folder.resolve("loss.png").toFile());
        assertThat(image.getWidth()).isEqualTo(20);
        assertThat(image.getHeight()).isEqualTo(10);
        assertThat(new Color(image.getRGB(4, 4))).isEqualTo(Color.RED);
        assertThat(new Color(image.getRGB(16, 4))).isEqualTo(Color.WHITE);

        // Without fonts, there is no chart; that of an earlier run does not stay.
        ReportFiles.write(folder, Map.of("loss.png", Optional.empty()), "<p>2</p>", RESULT);
        assertThat(names(folder)).containsExactly(ReportFiles.PAGE, ReportFiles.JSON);
    }

    @Test
    void namesTheFileThatCannotBeWrittenAndLeavesNoPart() throws IOException {
        Files.createDirectories(temp.resolve(ReportFiles.PAGE).resolve("in the way"));
        assertThatThrownBy(() -> ReportFiles.write(temp, Map.of(), "page", RESULT))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining(ReportFiles.PAGE);
        assertThat(names(temp)).containsExactly(ReportFiles.PAGE);
    }

    /** What a page tells of the parameters. */
    record Parameters(ParameterReport parameters) {}

    @Test
    void writesTheSumsOfParametersBesideTheLayers() throws IOException {
        LoRAModel model = LoRAModel.of(Network.builder(3).linear("linear", 2).build(1));
        ParameterReport report = model.add("a", LoRAConfig.of(1, 1)).parameterReport();
        byte[] json = ReportJson.toBytes(new Parameters(report));
        assertThat(new String(json, StandardCharsets.UTF_8).replaceAll("\\s", ""))
                .startsWith(
                        "{\"parameters\":{\"original\":8,\"lora\":5,\"total\":13,\"incrementPercent\":62.5,\"layers\":[")
                .contains("{\"name\":\"linear\"")
                .doesNotContain("targets", "bytes", "path");
        assertThat(ReportJson.fromBytes(json, Parameters.class).parameters().lora())
                .isEqualTo(5);
    }
}
