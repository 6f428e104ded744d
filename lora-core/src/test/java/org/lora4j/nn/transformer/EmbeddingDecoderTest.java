package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Decoders that embed and score texts, on cases of Qwen3-Embedding and Qwen3-Reranker that PyTorch and PEFT computed. */
@Tag("numbers")
class EmbeddingDecoderTest {
    private static final ReadOptions OPTIONS = ReadOptions.of(FingerprintCheck.IGNORE);

    @Test
    void theFolderDecidesTheEmbeddingOfADecoder() throws Exception {
        GoldenCase golden = GoldenCase.of("qwen3_embedding_forward");
        PretrainedModel model = golden.model();
        assertThat(model.canEmbed()).isTrue();
        assertThat(model.pooling()).containsExactly(Pooling.Method.LAST);
        Sequences left =
                Sequences.of(golden.io().tensor("input_ids_left"), golden.io().tensor("attention_mask_left"), null);
        INDArray normalized = golden.io().tensor("last_pooled_normalized");
        for (Sequences input : List.of(golden.input(), left)) {
            golden.assertOutput(
                    "last_pooled_normalized", model.sentenceEmbeddings().predict(input));
            golden.assertOutput(
                    "matryoshka_8_normalized", model.sentenceEmbeddings(8).predict(input));
            golden.assertOutput("mean_pooled", model.meanPooled().predict(input));
        }
        INDArray states = GoldenCase.predict(model.lastHiddenState(), golden.input());
        golden.assertOutput("last_hidden_state", states);
        assertThat(normalized.norm2(1).getDouble(0)).isCloseTo(1, within(1e-6));
        assertThat(model.sentenceEmbeddings().taskType()).contains("FEATURE_EXTRACTION");
    }

    @Test
    void anAdapterOfAnEmbeddingDecoderIsThatOfPeft() throws Exception {
        GoldenCase golden = GoldenCase.of("qwen3_embedding_lora_default");
        LoRAModel model = LoRAModel.of(golden.model().lastHiddenState());
        AdapterView adapter = model.load("adapter", golden.adapter(), OPTIONS);
        golden.assertOutput(
                "last_hidden_state_base",
                GoldenCase.padded(golden.input(), model.base().predict(golden.input())));
        golden.assertOutput(
                "last_hidden_state_adapter", GoldenCase.padded(golden.input(), adapter.predict(golden.input())));
        golden.assertOutput("last_hidden_state_merged", GoldenCase.predict(model.merge("adapter"), golden.input()));
        AdapterView pooled = LoRAModel.of(golden.model().meanPooled()).load("adapter", golden.adapter(), OPTIONS);
        golden.assertOutput("mean_pooled_adapter", pooled.predict(golden.input()));
    }

    private static int id(GoldenCase golden, String name) throws Exception {
        return golden.settings().path(name).asInt();
    }

    @Test
    void theScoreIsTheProbabilityOfYes() throws Exception {
        GoldenCase golden = GoldenCase.of("qwen3_reranker_scores");
        int yes = id(golden, "yes_id");
        int no = id(golden, "no_id");
        INDArray difference = golden.io().tensor("yes_logit").sub(golden.io().tensor("no_logit"));
        for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
            Network network = golden.model(type).tokenScore(yes, no);
            INDArray found = network.predict(golden.input());
            golden.assertLike(type + " difference", found.reshape(found.size(0)), difference, 1e-5);
            golden.assertOutput("score", Transforms.sigmoid(found.reshape(found.size(0))));
        }
        PretrainedModel half = PretrainedModel.load(golden.folder(), BaseStorage.of(Precision.BFLOAT16));
        INDArray found = half.tokenScore(yes, no).predict(golden.input());
        golden.assertLike("half", found.reshape(found.size(0)), difference, 0.05);
    }

    @Test
    void trainsAsPeftDoes() throws Exception {
        GoldenCase golden = GoldenCase.of("qwen3_reranker_train");
        LoRAModel model = LoRAModel.of(golden.model().tokenScore(id(golden, "yes_id"), id(golden, "no_id")));
        AdapterView adapter = model.load("adapter", golden.folder().resolve("adapter_initial"), OPTIONS);
        INDArray expected = golden.io().tensor("losses");
        List<Batch> batches = new ArrayList<>();
        for (int step = 0; step < expected.length(); step++) {
            INDArray labels = golden.io().tensor("labels").getRow(step).castTo(DataType.FLOAT);
            batches.add(new Batch(
                    Sequences.of(golden.step("input_ids", step), golden.step("attention_mask", step), null),
                    labels.reshape(labels.length(), 1)));
        }
        List<Double> losses = new ArrayList<>();
        Trainer.builder(adapter)
                .loss(Loss.multiLabel())
                .updater(new AdamW(
                        golden.settings().path("lr").asDouble(),
                        golden.settings().path("weight_decay").asDouble()))
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration event) {
                        losses.add(event.loss());
                    }
                })
                .maxIterations(batches.size())
                .build()
                .fit(batches);
        assertThat(losses).hasSize(6);
        for (int i = 0; i < losses.size(); i++) {
            assertThat(losses.get(i)).as("step %d", i).isCloseTo(expected.getDouble(i), within(1e-4));
        }
        SafeTensors trained =
                SafeTensors.read(golden.folder().resolve("adapter_trained").resolve("adapter_model.safetensors"));
        AdapterView loaded = LoRAModel.of(golden.model().tokenScore(id(golden, "yes_id"), id(golden, "no_id")))
                .load("trained", golden.folder().resolve("adapter_trained"), OPTIONS);
        Sequences input = (Sequences) batches.get(0).input();
        GoldenCase.assertRelative("trained", adapter.predict(input), loaded.predict(input), 1e-4);
        assertThat(trained.names()).hasSize(8);
    }

    @Test
    void aSavedScoreIsAClassifierOfOneLabel(@TempDir Path folder) throws Exception {
        GoldenCase golden = GoldenCase.of("qwen3_reranker_scores");
        PretrainedModel model = golden.model();
        Network network = model.tokenScore(id(golden, "yes_id"), id(golden, "no_id"));
        model.save(network, folder);
        PretrainedModel saved = PretrainedModel.load(folder);
        assertThat(saved.config().isClassifier()).isTrue();
        assertThat(saved.classifier().predict(golden.input())).isEqualTo(network.predict(golden.input()));
    }

    @Test
    void wrongTokensAndEncodersAreRefused() throws Exception {
        PretrainedModel model = GoldenCase.of("qwen3_reranker_scores").model();
        for (int wrong : new int[] {-1, 41, Integer.MAX_VALUE}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.tokenScore(3, wrong))
                    .withMessage("tokenScore: a token must be between 0 and 40, found " + wrong);
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> GoldenCase.of("encoder_forward").model().tokenScore(1, 2))
                .withMessageStartingWith("causal: the model must be a decoder");
    }
}
