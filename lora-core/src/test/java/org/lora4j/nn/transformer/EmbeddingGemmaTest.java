package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
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
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The training of an adapter for search through the modules of sentence-transformers, as PyTorch and PEFT computed it. */
@Tag("numbers")
class EmbeddingGemmaTest {
    private static final ReadOptions OPTIONS = ReadOptions.of(FingerprintCheck.IGNORE);

    private static Sequences texts(GoldenCase golden, String which, int step) throws Exception {
        return Sequences.of(
                golden.step(which + "_input_ids", step), golden.step(which + "_attention_mask", step), null);
    }

    @Test
    void trainsThroughPoolingAndDense(@TempDir Path folder) throws Exception {
        GoldenCase golden = GoldenCase.of("embeddinggemma_train_contrastive");
        for (String file : List.of("config.json", "model.safetensors", "modules.json")) {
            Files.copy(golden.folder().resolve(file), folder.resolve(file));
        }
        for (String module : List.of("2_Dense", "3_Dense")) {
            Files.createDirectories(folder.resolve(module));
            for (String file : List.of("config.json", "model.safetensors")) {
                Files.copy(
                        golden.folder().resolve(module).resolve(file),
                        folder.resolve(module).resolve(file));
            }
        }
        Files.createDirectories(folder.resolve("1_Pooling"));
        Files.writeString(
                folder.resolve("1_Pooling").resolve("config.json"),
                "{\"word_embedding_dimension\": 16, \"pooling_mode_mean_tokens\": true}");
        PretrainedModel model = PretrainedModel.load(folder);
        LoRAModel adapted = LoRAModel.of(model.sentenceEmbeddings());
        AdapterView view = adapted.load("peft", golden.folder().resolve("adapter_initial"), OPTIONS);
        INDArray expected = golden.io().tensor("losses");
        List<Batch> batches = new ArrayList<>();
        for (int step = 0; step < expected.length(); step++) {
            batches.add(Batch.ofPairs(texts(golden, "query", step), texts(golden, "document", step)));
        }
        List<Double> losses = new ArrayList<>();
        Trainer.builder(view)
                .loss(Loss.inBatchNegatives(golden.settings().path("scale").doubleValue()))
                .updater(new AdamW(
                        golden.settings().path("lr").doubleValue(),
                        golden.settings().path("weight_decay").doubleValue()))
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration event) {
                        losses.add(event.loss());
                    }
                })
                .build()
                .fit(batches);
        assertThat(losses).hasSize((int) expected.length());
        for (int i = 0; i < losses.size(); i++) {
            assertThat(losses.get(i)).as("loss of step %d", i).isCloseTo(expected.getDouble(i), within(1e-4));
        }
        SafeTensors trained =
                SafeTensors.read(golden.folder().resolve("adapter_trained").resolve("adapter_model.safetensors"));
        for (Parameter parameter : view.parameters()) {
            String key = "base_model.model." + parameter.name();
            golden.assertLike(key, parameter.value(), trained.tensor(key), 1e-4);
        }
        assertThat(view.parameters()).hasSize(trained.names().size());
        golden.assertTensor("eval_embedding", view.predict(texts(golden, "query", 0)), 1e-4);
    }
}
