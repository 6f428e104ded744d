package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.adapter.TargetModules;
import org.lora4j.internal.Logged;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;

class ParameterReportTest {
    private static Network richBoyNet() {
        return Models.dense(DataType.FLOAT, 0, 784, 1000, 2000, 10);
    }

    @Test
    void countsAreThoseOfTheArticle() {
        LoRAModel model = LoRAModel.of(richBoyNet());
        model.add("nine", LoRAConfig.of(1, 1));
        ParameterReport report = model.parameterReport("nine");
        assertThat(report.original()).isEqualTo(2_807_010);
        assertThat(report.lora()).isEqualTo(6_794);
        assertThat(report.total()).isEqualTo(2_813_804);
        assertThat(report.incrementPercent()).isCloseTo(0.242, Offset.offset(0.0005));
    }

    @Test
    void bytesAreThoseOfTheArraysOfTheAdapter() {
        LoRAModel model = LoRAModel.of(richBoyNet());
        model.add("nine", LoRAConfig.of(1, 1));
        model.add("dora", LoRAConfig.builder().rank(1).dora(true).build());
        assertThat(model.parameterReport("nine").bytes()).isEqualTo(4 * 6_794);
        assertThat(model.parameterReport("nine").toString()).contains("bytes of the adapter: 27,176");
        assertThat(model.parameterReport("dora").bytes())
                .isEqualTo(4 * (6_794 + 3_010))
                .isEqualTo(model.residentBytes("dora"));
    }

    @Test
    void reportOfANetworkEqualsThatOfAModel() {
        Network network = richBoyNet();
        LoRAModel model = LoRAModel.of(network);
        model.add("nine", LoRAConfig.of(1, 1));
        network.linears().forEach(linear -> LoRAParametrization.register(linear, LoRAConfig.of(1, 1)));
        assertThat(LoRAParametrization.parameterReport(network)).isEqualTo(model.parameterReport("nine"));
    }

    @Test
    void givesTheShapesOfEachLayer() {
        LoRAModel model = LoRAModel.of(richBoyNet());
        model.add("nine", LoRAConfig.of(1, 1));
        assertThat(model.parameterReport("nine").layers().get(0))
                .isEqualTo(new ParameterReport.Layer(
                        "linear1", List.of(1000L, 784L), List.of(1000L), List.of(1L, 784L), List.of(1000L, 1L)));
    }

    @Test
    void countsTheLayersThatEachTargetChooses() {
        Network network = Network.builder(3)
                .linear("layers.0.fc", 3)
                .linear("layers.0.out", 3)
                .linear("layers.1.fc", 3)
                .build(0);
        LoRAModel model = LoRAModel.of(network);
        ParameterReport named = model.add(
                        "named",
                        LoRAConfig.builder()
                                .rank(1)
                                .targetModules("fc", "layers.1.fc", "out")
                                .excludeModules(TargetModules.of("out"))
                                .build())
                .parameterReport();
        assertThat(named.targets()).isEqualTo(Map.of("fc", 2, "layers.1.fc", 1, "out", 0));
        assertThat(named.toString()).contains("target fc: 2 layers", "target out: 0 layers");
        ParameterReport expression = model.add(
                        "expression",
                        LoRAConfig.builder()
                                .rank(1)
                                .targetModules(TargetModules.regex(".*\\.fc"))
                                .build())
                .parameterReport();
        assertThat(expression.targets()).isEqualTo(Map.of("'.*\\.fc'", 2));
        assertThat(model.add("all", LoRAConfig.of(1, 1)).parameterReport().targets())
                .isEmpty();
    }

    @Test
    void logsTheLayersOfEachTargetAtDebugLevel() {
        try (Logged logged = Logged.by(ModuleSelection.class, Level.DEBUG)) {
            LoRAModel.of(Network.builder(3).linear("fc", 3).build(0))
                    .add("a", LoRAConfig.builder().rank(1).targetModules("fc").build());
            assertThat(logged.messages()).containsExactly("DEBUG target fc: 1 layers");
        }
    }

    @Test
    void countsLayersWithoutBiasOrAdapter() {
        Network network =
                Network.builder(3).linear("a", 2, false).linear("b", 4).build(0);
        LoRAModel model = LoRAModel.of(network);
        model.add("one", LoRAConfig.builder().rank(1).targetModules("a").build());
        ParameterReport report = model.parameterReport("one");
        assertThat(report.layers())
                .containsExactly(
                        new ParameterReport.Layer("a", List.of(2L, 3L), null, List.of(1L, 3L), List.of(2L, 1L)),
                        new ParameterReport.Layer("b", List.of(4L, 2L), List.of(4L), null, null));
        assertThat(report.original()).isEqualTo(6 + 8 + 4);
        assertThat(report.lora()).isEqualTo(5);
    }

    @Test
    void readsAsATable() {
        Network network =
                Network.builder(3).linear("a", 2, false).linear("b", 4).build(0);
        LoRAParametrization.register(network.linear("a"), LoRAConfig.of(1, 1));
        assertThat(LoRAParametrization.parameterReport(network).toString().lines())
                .containsExactly(
                        "a: W [2, 3] + b none + lora_A [1, 3] + lora_B [2, 1]",
                        "b: W [4, 2] + b [4] + lora_A none + lora_B none",
                        "bytes of the adapter: 20",
                        "original 18 + LoRA 5 = 23 (increment 27.778 %)");
    }
}
