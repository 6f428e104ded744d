package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.TargetModules;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsHeader;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The programs of the page for users of PEFT. */
class FromPeftGuideTest {
    @TempDir
    private Path folder;

    // spotless:off
    @Test
    void theConfiguration() {
        LoRAConfig config = LoRAConfig.builder()
                .rank(8) // r=8
                .alpha(16) // lora_alpha=16
                .dropout(0.05) // lora_dropout=0.05
                .targetModules("query", "value") // target_modules=["query", "value"]
                .excludeModules(TargetModules.of("layer.0.attention.self.query")) // exclude_modules=[...]
                .modulesToSave("classifier") // modules_to_save=["classifier"]
                .bias(BiasTraining.LORA_ONLY) // bias="lora_only"
                .rankStabilized(true) // use_rslora=True
                .init(LoRAInit.pissa()) // init_lora_weights="pissa"
                .rankPattern(Map.of("layer.5.attention.self.query", 4)) // rank_pattern={...}
                .layersToTransform(List.of(4, 5)) // layers_to_transform=[4, 5]
                .seed(42) // the seed that PEFT takes from torch
                .build();
        assertThat(config.scaleOf("bert.encoder.layer.4.attention.self.query")).isEqualTo(16 / Math.sqrt(8));
        assertThat(config.rankOf("bert.encoder.layer.5.attention.self.query")).isEqualTo(4);
    }

    @Test
    void fromPythonAndBack() throws IOException {
        Network python = Network.builder(4).linear("linear1", 3).relu().linear("linear2", 2).build(7);
        SafeTensors.of(Map.of(
                "linear1.weight", python.linear("linear1").weight(), "linear1.bias", python.linear("linear1").bias(),
                "linear2.weight", python.linear("linear2").weight(), "linear2.bias", python.linear("linear2").bias()),
                Map.of("format", "pt")).write(folder.resolve("base.safetensors"));
        LoRAModel.of(python).add("default", LoRAConfig.of(1, 2)).save(folder.resolve("adapter"));

        SafeTensorsHeader header = SafeTensors.readHeader(folder.resolve("base.safetensors"));
        System.out.println(header); // the names, types and shapes of the tensors

        Network base = Network.builder(4)
                .linear("linear1", 3).relu()
                .linear("linear2", 2).build(0);
        base.loadParameters(folder.resolve("base.safetensors"));
        LoRAModel model = LoRAModel.of(base);
        AdapterView adapter = model.load("default", folder.resolve("adapter"));
        INDArray y = adapter.predict(Nd4j.ones(DataType.FLOAT, 1, 4));
        adapter.save(folder.resolve("back")); // for PeftModel.from_pretrained(base, "back")
        assertThat(header.toString()).contains("linear1.weight");
        assertThat(Samples.bits(y)).isEqualTo(Samples.bits(python.predict(Nd4j.ones(DataType.FLOAT, 1, 4))));
    }
    // spotless:on
}
