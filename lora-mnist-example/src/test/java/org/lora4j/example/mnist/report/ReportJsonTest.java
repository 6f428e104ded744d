package org.lora4j.example.mnist.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lora4j.console.report.ReportJson;

class ReportJsonTest {
    @Test
    void writesFurtherResults() throws IOException {
        Report report = SampleReport.report(
                SampleReport.settings(), SampleReport.training(), Map.of(), Map.of("both", SampleReport.lora()));
        assertThat(json(report).at("/results/both/wrong/9").asInt()).isEqualTo(11);
    }

    @Test
    void hasTheFieldsInTheirOrder() throws IOException {
        JsonNode json = json(SampleReport.report());
        assertThat(names(json))
                .containsExactly(
                        "settings",
                        "seed",
                        "parameters",
                        "training",
                        "base",
                        "loraEnabled",
                        "loraDisabled",
                        "loraMerged",
                        "frozenUnchanged",
                        "effectiveWeightExact",
                        "disabledEqualsOriginal",
                        "files");
        assertThat(names(json.get("parameters")))
                .containsExactly("original", "lora", "total", "incrementPercent", "layers");
        assertThat(names(json.at("/parameters/layers/0"))).containsExactly("name", "weight", "bias", "loraA", "loraB");
        assertThat(names(json.get("training"))).containsExactly("base", "fineTune");
        assertThat(names(json.at("/training/base"))).containsExactly("iterations", "seconds", "finalLoss");
        for (String test : List.of("base", "loraEnabled", "loraDisabled", "loraMerged")) {
            assertThat(names(json.get(test))).containsExactly("accuracy", "wrong", "confusion");
        }
        assertThat(names(json.get("frozenUnchanged"))).containsExactly("linear1.weight", "linear1.bias");
    }

    @Test
    void writesTheMeasuredValues() throws IOException {
        JsonNode json = json(SampleReport.report());
        assertThat(json.get("seed").asLong()).isEqualTo(7);
        assertThat(json.at("/parameters/original").asLong()).isEqualTo(2_807_010);
        assertThat(json.at("/parameters/lora").asLong()).isEqualTo(6_794);
        assertThat(json.at("/parameters/total").asLong()).isEqualTo(2_813_804);
        assertThat(json.at("/parameters/incrementPercent").asDouble()).isCloseTo(0.242, within(5e-4));
        assertThat(json.at("/parameters/layers/0/loraB").toString()).isEqualTo("[1000,1]");
        assertThat(json.at("/training/fineTune/finalLoss").asDouble()).isEqualTo(0.00123);
        assertThat(json.at("/base/wrong/9").asInt()).isEqualTo(107);
        assertThat(json.at("/loraEnabled/confusion/7/7").asInt()).isEqualTo(1028 - 677);
        assertThat(json.at("/frozenUnchanged/linear1.weight").isBoolean()).isTrue();
        assertThat(json.at("/files/base").asText()).isEqualTo("base.safetensors");
    }

    @Test
    void writesNullForAnUntrainedBase() throws IOException {
        Report.Training training = new Report.Training(null, new Report.Phase(1, 0.5, 0.25));
        JsonNode json = json(SampleReport.report(SampleReport.settings(), training, Map.of(), Map.of()));
        assertThat(json.at("/training/base").isNull()).isTrue();
        assertThat(json.at("/training/fineTune/finalLoss").asDouble()).isEqualTo(0.25);
    }

    @Test
    void writesSettingsInTypesOfJson() throws IOException {
        Map<String, @Nullable Object> settings = SampleReport.settings();
        settings.put("output", "mnist-rün");
        settings.put("digits", List.of(4, 9));
        settings.put("big", 1L << 40);
        JsonNode json = json(SampleReport.report(settings, SampleReport.training(), Map.of(), Map.of()));
        assertThat(json.at("/settings/data").isNull()).isTrue();
        assertThat(json.at("/settings/output").asText()).isEqualTo("mnist-rün");
        assertThat(json.at("/settings/digits").toString()).isEqualTo("[4,9]");
        assertThat(json.at("/settings/big").asLong()).isEqualTo(1L << 40);
    }

    private static JsonNode json(Report report) throws IOException {
        return new ObjectMapper().readTree(ReportJson.toBytes(report));
    }

    private static List<String> names(JsonNode node) {
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
