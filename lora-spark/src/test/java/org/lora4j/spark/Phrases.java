package org.lora4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Short texts with classes and a small encoder, as a table of Spark and as batches of one machine. */
final class Phrases {
    static final int CLASSES = 3;

    /** The encoder has 60 tokens, of which the first are special, and 16 positions. */
    private static final int FIRST = 5;

    private static final int WORDS = 55;

    private final int[][] ids;
    private final int[] labels;

    Phrases(int rows) {
        SplittableRandom random = new SplittableRandom(3);
        ids = new int[rows][];
        labels = new int[rows];
        for (int i = 0; i < rows; i++) {
            labels[i] = random.nextInt(CLASSES);
            int words = 1 + random.nextInt(12);
            ids[i] = new int[words + 2];
            ids[i][0] = 1;
            for (int j = 1; j <= words; j++) {
                int word = random.nextInt(WORDS);
                ids[i][j] = FIRST + (random.nextInt(3) == 0 ? word : word - word % CLASSES - CLASSES + labels[i] + 3);
                ids[i][j] = Math.min(ids[i][j], FIRST + WORDS - 1);
            }
            ids[i][words + 1] = 2;
        }
    }

    int[] ids(int row) {
        return ids[row];
    }

    int label(int row) {
        return labels[row];
    }

    static String text(int[] ids) {
        return Arrays.stream(ids)
                .filter(id -> id >= FIRST)
                .mapToObj(id -> "w" + id)
                .collect(Collectors.joining(" "));
    }

    /** Saves the encoder with dropout and a tokenizer, and returns its folder. */
    static Path encoder(Path parent) {
        return encoder(parent, "encoder_forward");
    }

    static Path encoder(Path parent, String golden) {
        try {
            Path from = Path.of(Objects.requireNonNull(Phrases.class.getResource("/golden/" + golden))
                    .toURI());
            Path folder = Files.createDirectories(parent.resolve(golden));
            String config = Files.readString(from.resolve("config.json"));
            Files.writeString(
                    folder.resolve("config.json"),
                    config.replace("\"hidden_dropout_prob\": 0.0", "\"hidden_dropout_prob\": 0.1")
                            .replace("\"attention_probs_dropout_prob\": 0.0", "\"attention_probs_dropout_prob\": 0.1"));
            Files.copy(from.resolve("model.safetensors"), folder.resolve("model.safetensors"));
            Files.writeString(folder.resolve("tokenizer.json"), tokenizer());
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static PretrainedModel load(Path folder) {
        try {
            return PretrainedModel.load(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Each word is one token, between [CLS] and [SEP]. */
    private static String tokenizer() {
        String words = IntStream.range(FIRST, FIRST + WORDS)
                .mapToObj(id -> ",\"w" + id + "\":" + id)
                .collect(Collectors.joining());
        return """
                {"version":"1.0","truncation":null,"padding":null,
                 "added_tokens":[
                  {"id":1,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,
                   "special":true},
                  {"id":2,"content":"[SEP]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,
                   "special":true}],
                 "normalizer":null,"pre_tokenizer":{"type":"WhitespaceSplit"},
                 "post_processor":{"type":"TemplateProcessing",
                  "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
                   {"SpecialToken":{"id":"[SEP]","type_id":0}}],
                  "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
                  "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[1],"tokens":["[CLS]"]},
                   "[SEP]":{"id":"[SEP]","ids":[2],"tokens":["[SEP]"]}}},
                 "decoder":null,
                 "model":{"type":"WordLevel","vocab":{"[PAD]":0,"[CLS]":1,"[SEP]":2,"[UNK]":3,"[MASK]":4%s},
                  "unk_token":"[UNK]"}}
                """.formatted(words);
    }

    /** The rows as a table in another order than that of their ids: tokens, padded tokens with a mask, and texts. */
    Dataset<Row> table(SparkSession session, int partitions) {
        List<Row> all = new ArrayList<>();
        for (int i = 0; i < ids.length; i++) {
            int[] mask = new int[15];
            Arrays.fill(mask, 0, ids[i].length, 1);
            all.add(RowFactory.create(
                    (long) i, ids[i], Arrays.copyOf(ids[i], 15), mask, text(ids[i]), labels[i], "tenant" + i % 3));
        }
        Collections.shuffle(all, new Random(1));
        StructType schema = new StructType()
                .add("id", DataTypes.LongType, false)
                .add("tokens", DataTypes.createArrayType(DataTypes.IntegerType, false), false)
                .add("padded", DataTypes.createArrayType(DataTypes.IntegerType, false), false)
                .add("mask", DataTypes.createArrayType(DataTypes.IntegerType, false), false)
                .add("text", DataTypes.StringType, false)
                .add("label", DataTypes.IntegerType, false)
                .add("tenant", DataTypes.StringType, false);
        return session.createDataFrame(all, schema).repartition(partitions);
    }

    /** The rows as batches, in the order of their ids. */
    List<Batch> batches(int size) {
        List<Batch> batches = new ArrayList<>();
        for (int from = 0; from < ids.length; from += size) {
            int to = Math.min(ids.length, from + size);
            INDArray y = Nd4j.zeros(to - from, CLASSES);
            for (int i = from; i < to; i++) {
                y.putScalar(i - from, labels[i], 1);
            }
            batches.add(new Batch(Sequences.of(Arrays.copyOfRange(ids, from, to)), y));
        }
        return batches;
    }
}
