package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.TokenizerForms;

/** Stages take whole texts, whatever tokenizer.json says about truncation and padding. */
@Tag("slow")
class TokenizerFormsTest {
    @TempDir
    Path temporary;

    private List<Row> embeddings(Path encoder) {
        return new LoRATransformer()
                .setBasePath(encoder.toString())
                .setFeaturesCol("text")
                .setEncoderHead("embedding")
                .setAdapterCol("tenant")
                .setAdapterFolder(temporary.toString())
                .transform(new Phrases(12)
                        .table(Sessions.local(), 2)
                        .withColumn("tenant", functions.lit(null).cast("string")))
                .orderBy("id")
                .select("output")
                .collectAsList();
    }

    /** The trained weights, then the scores of the rows, then their answers. */
    private static List<Object> language(Path decoder) {
        Dataset<Row> table = new Chats(12).table(Sessions.local(), 2);
        List<Object> results = new ArrayList<>();
        for (String form : List.of("messages", "prompt", "text")) {
            LoRACausalLM estimator = new LoRACausalLM()
                    .setBasePath(decoder.toString())
                    .setIdCol("id")
                    .setLoraConfig(LoRAConfig.builder()
                            .rank(2)
                            .targetModules("q_proj", "v_proj")
                            .build())
                    .setBatchSize(4)
                    .setMaxIter(2)
                    .setNumWorkers(1);
            LoRACausalLMModel model = switch (form) {
                case "messages" -> estimator.setMessagesCol("messages").fit(table);
                case "prompt" ->
                    estimator
                            .setPromptCol("prompt")
                            .setCompletionCol("completion")
                            .fit(table);
                default -> estimator.setTextCol("text").fit(table);
            };
            model.adapter()
                    .weights()
                    .forEach((path, weights) ->
                            results.add(path + weights.loraB().toString()));
            results.add(model.transform(table)
                    .orderBy("id")
                    .select("logProbability", "tokens")
                    .collectAsList());
        }
        return results;
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsCutOrPadded(TokenizerForms form) throws Exception {
        Path encoder = Phrases.encoder(temporary);
        Path decoder = Chats.decoder(temporary);
        List<Row> embedded = embeddings(encoder);
        List<Object> learned = language(decoder);
        form.store(encoder.resolve("tokenizer.json"));
        form.store(decoder.resolve("tokenizer.json"));
        assertThat(embeddings(encoder)).isEqualTo(embedded);
        assertThat(language(decoder)).isEqualTo(learned);
    }
}
