package org.lora4j.example.text.shop;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.example.text.TextExample;

/** A short run of the story. */
@Tag("slow")
class ShopCommandTest {
    @TempDir
    private Path temp;

    @Test
    void writesAReportAndFiles() throws IOException {
        Path output = temp.resolve("shop");
        StringWriter err = new StringWriter();
        String[] args = Stream.of(
                        "shop",
                        "--output",
                        output,
                        "--tenants",
                        1,
                        "--days",
                        2,
                        "--corrections",
                        66,
                        "--test",
                        20,
                        "--clients",
                        1,
                        "--quiet-seconds",
                        1)
                .map(String::valueOf)
                .toArray(String[]::new);
        assertThat(TextExample.execute(new PrintWriter(new StringWriter()), new PrintWriter(err), args))
                .as("%s", err)
                .isZero();
        JsonNode report =
                new ObjectMapper().readTree(output.resolve("report.json").toFile());
        assertThat(report.at("/tenants/0/name").asText()).isEqualTo("bicycles");
        assertThat(report.at("/tenants/0/days/1/corrections").asInt()).isEqualTo(132);
        assertThat(report.at("/tenants/0/days/1/accuracy").asDouble()).isGreaterThan(0.4);
        assertThat(report.at("/kept/sameBits").asInt()).isEqualTo(2);
        assertThat(report.at("/again/sameBytes").asBoolean()).isTrue();
        assertThat(report.at("/answers/largestDifference").asDouble()).isLessThan(1e-5);
        assertThat(report.at("/quiet/count").asInt()).isPositive();
        assertThat(report.at("/frozenUnchanged")).isNotEmpty().allMatch(JsonNode::asBoolean);
        report.at("/files")
                .forEach(file -> assertThat(output.resolve(file.asText())).isNotEmptyFile());
        assertThat(Files.readString(output.resolve("report.html")))
                .doesNotContain("${", "<#", "<@")
                .contains("bicycles");
    }
}
