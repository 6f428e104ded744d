package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.onnx.OnnxEmbeddingModel;
import dev.langchain4j.model.embedding.onnx.PoolingMode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.data.OnnxWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

/** LangChain4j's own model reads a file of ONNX with a merged adapter, and gives the embeddings of the library. */
class OnnxModelTest {
    private static final List<String> TEXTS = List.of("a cat purrs", "where is my parcel, please?", "milk");

    @TempDir
    private Path folder;

    private static Path save(EncoderFolder encoder, Path adapter) throws IOException {
        LoRAConfig config = LoRAConfig.builder()
                .rank(4)
                .alpha(16)
                .init(LoRAInit.random())
                .targetModules(encoder.model().config().defaultTargets())
                .build();
        LoRAModel.of(encoder.sentenceEmbeddings()).add("search", config).save(adapter);
        return adapter;
    }

    @Test
    void aMergedAdapterInLangChain4j() throws IOException {
        Path models = MiniLm.folder();
        try (EncoderFolder encoder = EncoderFolder.open(models)) {
            Path adapter = save(encoder, folder.resolve("adapter"));
            LoRAModel model = LoRAModel.of(encoder.sentenceEmbeddings());
            model.load("search", adapter);
            Path file = folder.resolve("model.onnx");
            model.merge("search").saveOnnx(file);
            Path tokenizer = folder.resolve("tokenizer.json");
            Files.copy(models.resolve("tokenizer.json"), tokenizer);
            EmbeddingModel theirs = new OnnxEmbeddingModel(file, tokenizer, PoolingMode.MEAN);
            float[] vector = theirs.embed("where is my parcel?").content().vector();
            assertThat(vector).hasSize(384);
            try (InputStream stored = Files.newInputStream(file)) {
                assertThat(OnnxWeights.read(stored).keySet())
                        .containsAll(model.network().parameters().stream()
                                .map(Parameter::name)
                                .toList());
            }
            INDArray expected = model.using("search").predict(encoder.tokens(TEXTS));
            assertThat(expected.distance2(model.base().predict(encoder.tokens(TEXTS))))
                    .isGreaterThan(0.1);
            for (int i = 0; i < TEXTS.size(); i++) {
                float[] found = theirs.embed(TEXTS.get(i)).content().vector();
                assertThat(found)
                        .as(TEXTS.get(i))
                        .containsExactly(expected.getRow(i).toFloatVector(), within(1e-5f));
            }
        }
    }
}
