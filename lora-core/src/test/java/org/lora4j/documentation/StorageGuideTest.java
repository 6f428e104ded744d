package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.WeightStorage;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.transformer.PretrainedModel;

/** The program of the page on packed and smaller weights. */
class StorageGuideTest {
    @Test
    void loadsASmallerBase() throws Exception {
        Path folder =
                Path.of(Objects.requireNonNull(StorageGuideTest.class.getResource("/golden/decoder_llama_variants"))
                        .toURI());
        PretrainedModel llama = PretrainedModel.load(folder, BaseStorage.of(Precision.BFLOAT16));
        LoRAModel model = LoRAModel.of(llama.causal());
        List<WeightStorage> report = model.network().weightStorage();
        assertThat(report).isNotEmpty();
    }
}
