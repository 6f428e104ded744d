package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.Differences;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Adam computes the gradient of a wide weight from its factors, for small batches. Trainings that go together, and layers that
 * are computed again, use memory again in which the factors would be.
 */
@Tag("numbers")
class KeptFactorsTest {
    private static final String CONFIG = """
            {"model_type": "llama", "vocab_size": 300, "hidden_size": 256, "intermediate_size": 272,
             "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
             "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
             "initializer_range": 0.1}
            """;

    private static LoRAModel model() {
        return LoRAModel.of(PretrainedModel.initialize(ModelConfig.parse(CONFIG), DataType.FLOAT, 1)
                .causal());
    }

    private static List<Batch> texts(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Batch> texts = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            texts.add(new Batch(Sequences.of(random.ints(12 + seed, 0, 300).toArray()), null));
        }
        return texts;
    }

    private static Trainer trainer(LoRAModel model, String name, String saved, boolean recomputes) {
        return Trainer.builder(model.add(
                        name,
                        LoRAConfig.builder()
                                .targetModules("q_proj")
                                .modulesToSave(saved)
                                .build()))
                .loss(Loss.nextToken())
                .updater(new Adam(1e-3))
                .recomputeActivations(recomputes)
                .epochs(2)
                .build();
    }

    private static void assertClose(LoRAModel found, LoRAModel expected, String name) {
        List<Parameter> parameters = found.parameters(name);
        for (int i = 0; i < parameters.size(); i++) {
            assertThat(Differences.greatest(
                            parameters.get(i).value(),
                            expected.parameters(name).get(i).value()))
                    .as(parameters.get(i).name())
                    .isLessThan(2e-4);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "model.layers.2.mlp.down_proj, false",
        "model.layers.2.mlp.down_proj, true",
        "model.layers.1.self_attn.k_proj, true",
        "lm_head, false",
        "lm_head, true"
    })
    @Tag("slow")
    void trainingsTogetherEndAsAlone(String saved, boolean oneRecomputes) {
        LoRAModel together = model();
        LoRAModel alone = model();
        MultiTrainer trainer = new MultiTrainer();
        for (int i = 0; i < 2; i++) {
            boolean recomputes = oneRecomputes && i == 0;
            trainer.add(trainer(together, "a" + i, saved, recomputes), texts(i));
            trainer(alone, "a" + i, saved, false).fit(texts(i));
        }
        trainer.fit().forEach(outcome -> assertThat(outcome.failure()).isEmpty());
        for (int i = 0; i < 2; i++) {
            assertClose(together, alone, "a" + i);
        }
    }

    @Test
    void recomputedTrainingsEndAsOthers() {
        LoRAModel recomputed = model();
        LoRAModel kept = model();
        trainer(recomputed, "a", "model.layers.0.mlp.down_proj", true).fit(texts(1));
        trainer(kept, "a", "model.layers.0.mlp.down_proj", false).fit(texts(1));
        assertClose(recomputed, kept, "a");
    }
}
