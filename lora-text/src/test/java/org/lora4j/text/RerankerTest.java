package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.ModelSource;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.tokens.Tokenizer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Decoders that score pairs as Qwen3-Reranker does, and decoders that embed as Qwen3-Embedding does. */
class RerankerTest {
    /** The prompt of the card for the query "a b" and the document "b". */
    private static final String CARD = """
            <|im_start|>system
            Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the \
            answer can only be "yes" or "no".<|im_end|>
            <|im_start|>user
            <Instruct>: Given a web search query, retrieve relevant passages that answer the query
            <Query>: a b
            <Document>: b<|im_end|>
            <|im_start|>assistant
            <think>

            </think>

            """;

    private static final List<String> SPECIAL = List.of("<|im_start|>", "<|im_end|>", "<|endoftext|>");
    private static final BaseStorage FLOATS = BaseStorage.of(Precision.FLOAT);
    private static final Labels SCORE = Labels.of(List.of("LABEL_0"));

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        PretrainedModel model = PretrainedModel.initialize(ModelConfig.parse("""
                        {"model_type": "qwen3", "vocab_size": 128, "hidden_size": 16, "num_hidden_layers": 2,
                         "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "intermediate_size": 22,
                         "max_position_embeddings": 256, "tie_word_embeddings": true, "initializer_range": 0.3}
                        """), DataType.FLOAT, 3);
        model.save(model.causal(), folder);
        writeTokenizer("yes", "no");
    }

    /** Each word of the card is a token, and the last one of a text is {@code <|endoftext|>}. */
    private void writeTokenizer(String... more) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode json = mapper.createObjectNode();
        json.put("version", "1.0")
                .putNull("truncation")
                .putNull("padding")
                .putNull("normalizer")
                .putNull("decoder");
        for (int i = 0; i < SPECIAL.size(); i++) {
            json.withArray("added_tokens")
                    .addObject()
                    .put("id", i)
                    .put("content", SPECIAL.get(i))
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        json.putObject("pre_tokenizer").put("type", "WhitespaceSplit");
        ObjectNode post = json.putObject("post_processor").put("type", "TemplateProcessing");
        String single = "[{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}},"
                + " {\"SpecialToken\": {\"id\": \"<|endoftext|>\", \"type_id\": 0}}]";
        post.set("single", mapper.readTree(single));
        post.set(
                "pair", mapper.readTree(single.replace("}},", "}}, {\"Sequence\": {\"id\": \"B\", \"type_id\": 0}},")));
        post.set(
                "special_tokens",
                mapper.readTree(
                        "{\"<|endoftext|>\": {\"id\": \"<|endoftext|>\", \"ids\": [2], \"tokens\": [\"<|endoftext|>\"]}}"));
        ObjectNode model = json.putObject("model").put("type", "WordLevel").put("unk_token", "[UNK]");
        ObjectNode vocabulary = model.putObject("vocab");
        SPECIAL.forEach(token -> vocabulary.put(token, vocabulary.size()));
        vocabulary.put("[UNK]", 3);
        Pattern.compile("[^\\s]+")
                .matcher(CARD.replace("<|im_start|>", " ").replace("<|im_end|>", " "))
                .results()
                .map(MatchResult::group)
                .distinct()
                .forEach(word -> vocabulary.put(word, vocabulary.size()));
        Arrays.stream(more).forEach(word -> vocabulary.put(word, vocabulary.size()));
        Files.writeString(folder.resolve("tokenizer.json"), mapper.writeValueAsString(json));
    }

    private TextClassifier reranker(OptionalInt maxTokens) throws IOException {
        return TextClassifier.create(folder, SCORE, Head.YES_NO, maxTokens, 1, FLOATS);
    }

    private static int[] ids(Sequences sequences, int i) {
        return IntStream.range(sequences.start(i), sequences.start(i + 1))
                .map(sequences::id)
                .toArray();
    }

    @Test
    void thePromptIsThatOfTheCard() throws IOException {
        try (TextClassifier reranker = reranker(OptionalInt.empty());
                Tokenizer tokenizer = Tokenizer.load(folder)) {
            int[] expected = tokenizer.encodeRendered(CARD).ids();
            assertThat(expected).doesNotContain(3, 2);
            assertThat(ids(reranker.pairs(List.of(new TextPair("a b", "b"))), 0))
                    .isEqualTo(expected);
            assertThat(reranker.maxTokens()).isEqualTo(256);
            assertThat(reranker.head()).isEqualTo(Head.YES_NO);
        }
    }

    @Test
    void theDocumentIsCutAndNeverTheEndOfThePrompt() throws IOException {
        try (TextClassifier reranker = reranker(OptionalInt.of(60))) {
            int[] whole = ids(reranker.pairs(List.of(new TextPair("a b", "b"))), 0);
            int[] cut = ids(reranker.pairs(List.of(new TextPair("a b", "b ".repeat(1000)))), 0);
            assertThat(cut).hasSize(60);
            int after = 5;
            assertThat(Arrays.copyOfRange(cut, cut.length - after, cut.length))
                    .isEqualTo(Arrays.copyOfRange(whole, whole.length - after, whole.length));
            int beginning = whole.length - after;
            assertThat(Arrays.copyOf(cut, beginning)).isEqualTo(Arrays.copyOf(whole, beginning));
            for (String query : List.of("a ".repeat(60 - whole.length + 3), "a ".repeat(5000))) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> reranker.pairs(List.of(new TextPair("a", "b"), new TextPair(query, "b"))))
                        .withMessageContaining("the query must leave room for a document within the ")
                        .withMessageContaining("in pair 1");
            }
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> reranker(OptionalInt.of(40)))
                .withMessageMatching(
                        "maxTokens must be at least \\d+ for the prompt of a reranker, a query and a document, found 40");
    }

    @Test
    void theScoreIsTheProbabilityOfYesAgainstNo() throws IOException {
        try (TextClassifier reranker = reranker(OptionalInt.empty());
                DecoderFolder decoder = DecoderFolder.open(folder)) {
            Sequences pairs = reranker.pairs(List.of(new TextPair("a b", "b"), new TextPair("b", "a a a")));
            double[] scores = reranker.scores(pairs);
            INDArray logits = decoder.network().predict(pairs);
            int yes = decoder.tokenizer().tokenId("yes").orElseThrow();
            int no = decoder.tokenizer().tokenId("no").orElseThrow();
            for (int i = 0; i < 2; i++) {
                int last = pairs.start(i + 1) - 1;
                double a = Math.exp(logits.getDouble(last, yes));
                double b = Math.exp(logits.getDouble(last, no));
                assertThat(scores[i]).isCloseTo(a / (a + b), within(1e-5));
            }
            assertThat(scores[0]).isNotCloseTo(scores[1], within(1e-4));
        }
    }

    @Test
    void anAdapterIsOneOfTheLanguageModel(@TempDir Path saved) throws IOException {
        try (TextClassifier reranker = reranker(OptionalInt.of(90))) {
            reranker.addAdapter(LoRAConfig.of(2, 4)).save(saved);
            TaskFile.write(new Rerank(reranker.head(), OptionalInt.of(reranker.maxTokens())), saved);
            assertThat(PeftAdapters.load(saved).config().hubFields().taskType()).isEqualTo("CAUSAL_LM");
            assertThat(PeftAdapters.load(saved).savedModules()).isEmpty();
            assertThat(PeftAdapters.load(saved).weights().keySet())
                    .hasSize(14)
                    .allMatch(path -> path.startsWith("model."));
        }
        try (TextClassifier opened = TextClassifier.open(folder, saved, FLOATS)) {
            assertThat(opened.head()).isEqualTo(Head.YES_NO);
            assertThat(opened.maxTokens()).isEqualTo(90);
            assertThat(opened.scores(opened.pairs(List.of(new TextPair("a", "b")))))
                    .hasSize(1);
        }
    }

    @Test
    void whatCannotScoreIsRefused() throws IOException {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TextClassifier.create(
                        folder, Labels.of(List.of("a", "b")), Head.YES_NO, OptionalInt.empty(), 1, FLOATS))
                .withMessageContaining("YES_NO gives a pair of texts one score, found 2 classes");
        try (TextClassifier last = TextClassifier.create(folder, SCORE, Head.LAST, OptionalInt.empty(), 1, FLOATS)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> last.pairs(List.of(new TextPair("a", "b"))))
                    .withMessageStartingWith("pairs: a decoder must have the head YES_NO, found LAST");
        }
        writeTokenizer("yes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> reranker(OptionalInt.empty()))
                .withMessageEndingWith("found a decoder without the token 'no'");
    }

    @Test
    void aDecoderWithModulesEmbedsTexts() throws IOException {
        ModelSource source = ModelSource.of(folder);
        assertThat(EncoderFolder.embeds(source)).isFalse();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncoderFolder.open(folder))
                .withMessageEndingWith(
                        "an embedding needs an encoder of the BERT family, or a decoder with modules.json, found a"
                                + " decoder without");
        Files.writeString(folder.resolve("modules.json"), """
                [{"path": "", "type": "sentence_transformers.models.Transformer"},
                 {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                 {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
                """);
        Files.createDirectory(folder.resolve("1_Pooling"));
        Files.writeString(folder.resolve("1_Pooling/config.json"), "{\"pooling_mode_lasttoken\": true}");
        Files.writeString(
                folder.resolve("config_sentence_transformers.json"),
                "{\"prompts\": {\"query\": \"<Instruct>: Given a web\\n<Query>: \", \"document\": \"\"}}");
        assertThat(EncoderFolder.embeds(source)).isTrue();
        try (EncoderFolder encoder = EncoderFolder.open(folder, 12)) {
            Sequences query = encoder.queries(List.of("a b"));
            int[] ids = ids(query, 0);
            assertThat(ids).hasSize(8).endsWith(2);
            INDArray states = encoder.model().lastHiddenState().predict(query);
            INDArray last = states.get(NDArrayIndex.interval(7, 8), NDArrayIndex.all());
            INDArray found = encoder.sentenceEmbeddings().predict(query);
            assertThat(found.toFloatVector())
                    .usingComparatorWithPrecision(1e-6f)
                    .containsExactly(last.div(last.norm2Number()).toFloatVector());
            // A text that is cut keeps its last token.
            assertThat(ids(encoder.documents(List.of("a ".repeat(500))), 0))
                    .hasSize(12)
                    .endsWith(2);
            assertThat(encoder.sentenceEmbeddings(OptionalInt.of(4)).outputSize())
                    .isEqualTo(4);
        }
    }
}
