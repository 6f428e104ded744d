package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A decoder with random weights and random texts.
 *
 * @param vocabulary the number of tokens, each of which is a word
 * @param width the width of the layers
 * @param layers the number of layers
 * @param batch the rows of a large round
 * @param words the tokens of a prompt, and of a completion
 */
record BenchDecoder(int vocabulary, int width, int layers, int batch, int words) {
    static final String ADAPTER = "rank 8 on q and v";

    static LoRAConfig config() {
        return LoRAConfig.builder()
                .rank(8)
                .alpha(16)
                .targetModules("q_proj", "v_proj")
                .build();
    }

    /** Writes the folder {@code decoder}. */
    void save(Path parent) throws IOException {
        Path folder = Files.createDirectories(parent.resolve("decoder"));
        PretrainedModel model = PretrainedModel.initialize(
                ModelConfig.parse("""
                {"model_type": "llama", "vocab_size": %s, "hidden_size": %s, "num_hidden_layers": %s,
                 "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": %s,
                 "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu",
                 "tie_word_embeddings": true, "eos_token_id": 0}
                """.formatted(vocabulary, width, layers, 3 * width)), DataType.FLOAT, 1);
        model.save(model.causal(), folder);
        String vocab = IntStream.range(1, vocabulary)
                .mapToObj(i -> ",\"w" + i + "\":" + i)
                .collect(Collectors.joining());
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
                 "pre_tokenizer":{"type":"WhitespaceSplit"},"post_processor":null,"decoder":null,
                 "model":{"type":"WordLevel","vocab":{"</s>":0%s},"unk_token":"</s>"}}
                """.formatted(vocab));
    }

    /** Prompts and completions of some words each. */
    Dataset<Row> rows(SparkSession session, int rows, int length) {
        SplittableRandom random = new SplittableRandom(rows);
        List<Row> all = new ArrayList<>();
        for (long i = 0; i < rows; i++) {
            all.add(RowFactory.create(i, text(random, length), text(random, Math.max(1, length - 1))));
        }
        StructType schema = new StructType()
                .add("id", DataTypes.LongType, false)
                .add("prompt", DataTypes.StringType, false)
                .add("completion", DataTypes.StringType, false);
        return session.createDataFrame(all, schema).repartition(4).cache();
    }

    private String text(SplittableRandom random, int length) {
        return IntStream.range(0, length)
                .mapToObj(i -> "w" + (1 + random.nextInt(vocabulary - 1)))
                .collect(Collectors.joining(" "));
    }

    @Override
    public String toString() {
        return "a Llama of " + layers + " layers of width " + width + " with " + vocabulary + " tokens";
    }
}
