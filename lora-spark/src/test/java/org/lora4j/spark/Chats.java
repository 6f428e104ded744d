package org.lora4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
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
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.data.TokenExample;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.buffer.DataType;

/** Short conversations and a small decoder, as a table of Spark and as batches of one machine. */
final class Chats {
    /** A block of plain text. */
    static final int BLOCK = 12;

    static final StructType MESSAGE =
            new StructType().add("role", DataTypes.StringType).add("content", DataTypes.StringType);

    private static final int WORDS = 40;
    private static final int FIRST = 5;

    private final List<String> questions = new ArrayList<>();
    private final List<String> answers = new ArrayList<>();

    /** Answers have 1 to 20 words, so that a mean over rows is another one than a mean over tokens. */
    Chats(int rows) {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < rows; i++) {
            int first = random.nextInt(WORDS);
            int words = random.nextInt(3) == 0 ? 20 : 1 + random.nextInt(2);
            questions.add("w" + first + " w" + random.nextInt(WORDS));
            answers.add(IntStream.range(0, words)
                    .mapToObj(j -> "w" + (first + j) % WORDS)
                    .collect(Collectors.joining(" ")));
        }
    }

    String question(int row) {
        return questions.get(row);
    }

    String answer(int row) {
        return answers.get(row);
    }

    String text(int row) {
        return questions.get(row) + " " + answers.get(row);
    }

    Conversation conversation(int row) {
        return Conversation.of(
                ChatMessage.of("user", questions.get(row)), ChatMessage.of(ChatMessage.ASSISTANT, answers.get(row)));
    }

    /** Saves a small Llama with a tokenizer and a chat template, and returns its folder. */
    static Path decoder(Path parent) {
        try {
            Path folder = Files.createDirectories(parent.resolve("decoder"));
            PretrainedModel model =
                    PretrainedModel.initialize(ModelConfig.parse("""
                    {"model_type": "llama", "vocab_size": %s, "hidden_size": 16, "num_hidden_layers": 2,
                     "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 24,
                     "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu",
                     "initializer_range": 0.3, "tie_word_embeddings": false, "eos_token_id": 1}
                    """.formatted(FIRST + WORDS)), DataType.FLOAT, 3);
            model.save(model.causal(), folder);
            Files.writeString(folder.resolve("tokenizer.json"), tokenizer());
            Files.writeString(folder.resolve("tokenizer_config.json"), """
                    {"eos_token": "</s>"}
                    """);
            Files.writeString(
                    folder.resolve("chat_template.jinja"),
                    "{% for m in messages %}<s> {{ m['role'] }} {{ m['content'] }} </s> {% endfor %}"
                            + "{% if add_generation_prompt %}<s> assistant {% endif %}");
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Each word is one token, with nothing before or behind a text. */
    private static String tokenizer() {
        String words = IntStream.range(0, WORDS)
                .mapToObj(i -> ",\"w" + i + "\":" + (FIRST + i))
                .collect(Collectors.joining());
        return """
                {"version":"1.0","truncation":null,"padding":null,
                 "added_tokens":[
                  {"id":0,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,
                   "special":true},
                  {"id":1,"content":"</s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,
                   "special":true}],
                 "normalizer":null,"pre_tokenizer":{"type":"WhitespaceSplit"},"post_processor":null,"decoder":null,
                 "model":{"type":"WordLevel","vocab":{"<s>":0,"</s>":1,"user":2,"assistant":3,"[UNK]":4%s},
                  "unk_token":"[UNK]"}}
                """.formatted(words);
    }

    /** The rows as a table in another order than that of their ids, in all three forms. */
    Dataset<Row> table(SparkSession session, int partitions) {
        List<Row> all = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            List<Row> messages = List.of(
                    RowFactory.create("user", question(i)), RowFactory.create(ChatMessage.ASSISTANT, answer(i)));
            all.add(RowFactory.create((long) i, text(i), question(i), answer(i), messages, "tenant" + i % 3));
        }
        Collections.shuffle(all, new Random(1));
        StructType schema = new StructType()
                .add("id", DataTypes.LongType, false)
                .add("text", DataTypes.StringType)
                .add("prompt", DataTypes.StringType)
                .add("completion", DataTypes.StringType)
                .add("messages", DataTypes.createArrayType(MESSAGE))
                .add("tenant", DataTypes.StringType);
        return session.createDataFrame(all, schema).repartition(partitions);
    }

    /** The examples of one machine, in the order of the ids. */
    List<TokenExample> examples(DecoderTokens tokens, String form) {
        if (form.equals("text")) {
            int[] all = IntStream.range(0, questions.size())
                    .flatMap(i -> IntStream.of(tokens.text(text(i))))
                    .toArray();
            return DecoderTokens.blocks(all, BLOCK);
        }
        return IntStream.range(0, questions.size())
                .mapToObj(i -> tokens.conversation(conversation(i)))
                .toList();
    }

    static List<Batch> batches(List<TokenExample> examples, int size) {
        List<Batch> batches = new ArrayList<>();
        for (int from = 0; from < examples.size(); from += size) {
            batches.add(TokenExample.batch(examples.subList(from, Math.min(examples.size(), from + size))));
        }
        return batches;
    }
}
