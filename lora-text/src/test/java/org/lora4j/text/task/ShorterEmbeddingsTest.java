package org.lora4j.text.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.nd4j.linalg.api.buffer.DataType;

class ShorterEmbeddingsTest {
    private static final Sequences TEXTS = Sequences.of(new int[] {5, 9, 3}, new int[] {7});

    private final PretrainedModel model = PretrainedModel.initialize(ModelConfig.parse("""
                    {"model_type": "bert", "vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1,
                     "num_attention_heads": 2, "intermediate_size": 12, "max_position_embeddings": 16}
                    """), DataType.FLOAT, 1);

    @Test
    void areThoseOfTheNetworkWithSoManyDimensions() {
        Network whole = model.sentenceEmbeddings();
        ShorterEmbeddings shorter = new ShorterEmbeddings(whole);
        assertThat(shorter.dimensions()).isEqualTo(8);
        for (int length : List.of(1, 3, 8)) {
            float[][] cut = shorter.cut(whole.predict(TEXTS).toFloatMatrix(), length);
            float[][] expected = model.sentenceEmbeddings(length).predict(TEXTS).toFloatMatrix();
            for (int i = 0; i < 2; i++) {
                assertThat(cut[i]).containsExactly(expected[i], within(1e-6f));
            }
        }
    }

    @Test
    void keepTheirNormIfTheWholeOnesHaveNone() {
        Network mean = model.meanPooled();
        float[][] whole = mean.predict(TEXTS).toFloatMatrix();
        float first = whole[1][0];
        assertThat(new ShorterEmbeddings(mean).cut(whole, 1)[1]).containsExactly(first);
    }

    @Test
    void refuseALengthThatThereIsNot() {
        ShorterEmbeddings shorter = new ShorterEmbeddings(model.meanPooled());
        for (int length : List.of(0, 9)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> shorter.cut(new float[1][8], length))
                    .withMessage("dimensions must be between 1 and the 8 numbers of an embedding, found " + length);
        }
    }
}
