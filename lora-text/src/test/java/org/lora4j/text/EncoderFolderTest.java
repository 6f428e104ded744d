package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.data.Labels;
import org.lora4j.text.tokens.Prompts;
import org.lora4j.text.tokens.StoredTokenizers;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.tokens.TextTokens;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** What the files of a folder decide. The encoder has 16 positions and a vocabulary of 32 tokens. */
public class EncoderFolderTest {
    public static final String TOKENIZER = """
            {"version":"1.0","truncation":null,"padding":null,"added_tokens":[
              {"id":1,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
              {"id":2,"content":"[SEP]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
             "normalizer":null,"pre_tokenizer":{"type":"WhitespaceSplit"},
             "post_processor":{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]},
             "decoder":null,
             "model":{"type":"WordLevel","unk_token":"[UNK]",
              "vocab":{"[PAD]":0,"[CLS]":1,"[SEP]":2,"[UNK]":3,"query:":4,"passage:":5,"plain:":6,"a":7,"b":8}}}
            """;
    private static final String A_NINETEEN_TIMES = "a ".repeat(19);

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException, URISyntaxException {
        copyModel("encoder_forward");
        write("tokenizer.json", TOKENIZER);
    }

    private void copyModel(String name) throws IOException, URISyntaxException {
        Path golden = Path.of(Objects.requireNonNull(getClass().getResource("/golden/" + name))
                .toURI());
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(golden.resolve(file), folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private void write(String name, String content) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        Files.writeString(file, content);
    }

    private int tokens() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            return encoder.tokens(List.of(A_NINETEEN_TIMES)).tokens();
        }
    }

    private String limitedBy() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            return encoder.rules().limitedBy();
        }
    }

    @Test
    void textsAreCutWhereTheFirstFileSays() throws IOException {
        for (String form : StoredTokenizers.of(TOKENIZER).values()) {
            write("tokenizer.json", form);
            for (String file : List.of("tokenizer_config.json", "sentence_bert_config.json")) {
                Files.deleteIfExists(folder.resolve(file));
            }
            assertThat(tokens()).isEqualTo(16);
            assertThat(limitedBy()).isEqualTo("the number of positions of the model");
            write("tokenizer_config.json", "{\"model_max_length\": 1000000000000000019884624838656}");
            assertThat(tokens()).isEqualTo(16);
            write("tokenizer_config.json", "{\"model_max_length\": 9, \"truncation_side\": \"left\"}");
            assertThat(tokens()).isEqualTo(9);
            assertThat(limitedBy()).isEqualTo("tokenizer_config.json");
            write("sentence_bert_config.json", "{\"max_seq_length\": null}");
            assertThat(tokens()).isEqualTo(9);
            write("sentence_bert_config.json", "{\"max_seq_length\": 12, \"do_lower_case\": false}");
            assertThat(tokens()).isEqualTo(12);
            assertThat(limitedBy()).isEqualTo("sentence_bert_config.json");
            write("sentence_bert_config.json", "{\"max_seq_length\": 256}");
            assertThat(tokens()).isEqualTo(16);
            try (EncoderFolder five = EncoderFolder.open(folder, 5)) {
                assertThat(five.tokens(List.of(A_NINETEEN_TIMES)).tokens()).isEqualTo(5);
                assertThat(five.tokens(List.of("a")).tokens()).isEqualTo(3);
                assertThat(five.tokenizer().maxTokens()).isEqualTo(5);
                assertThat(five.rules().limitedBy()).isEqualTo("the program");
            }
        }
    }

    @Test
    void textsAreLowerCaseIfTheFileSaysSo() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            assertThat(encoder.tokens(List.of("A")).id(1)).isEqualTo(3);
        }
        write("sentence_bert_config.json", "{\"max_seq_length\": null, \"do_lower_case\": true}");
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            assertThat(encoder.tokens(List.of("A")).id(1)).isEqualTo(7);
            assertThat(encoder.pairs(List.of(new TextPair("A", "A"))))
                    .isEqualTo(encoder.tokenizer().pairSequences(List.of(new TextPair("a", "a"))));
        }
    }

    /** The file of the tokenizer gives the second text of a pair another type, as that of a BERT does. */
    @ParameterizedTest
    @CsvSource({"encoder_forward, 1", "distilbert_forward, 0", "modernbert_forward, 0", "gte_forward, 1"})
    void aPairHasTypesIfTheModelHas(String model, int type) throws Exception {
        copyModel(model);
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            Sequences pair = encoder.pairs(List.of(new TextPair("a", "b a")));
            assertThat(pair.tokens()).isEqualTo(6);
            assertThat(List.of(pair.type(0), pair.type(1), pair.type(2))).containsOnly(0);
            assertThat(List.of(pair.type(3), pair.type(4), pair.type(5))).containsOnly(type);
            assertThat(encoder.model().lastHiddenState().predict(pair).size(0)).isEqualTo(6);
        }
    }

    /** Where {@link String#toLowerCase()} takes an hour: it copies the text for each letter that becomes two. */
    @Test
    @MustEnd
    void lowerCaseOfALongTextTakesATimeThatGrowsWithItsLengthOnly() throws IOException {
        write("sentence_bert_config.json", "{\"max_seq_length\": 5, \"do_lower_case\": true}");
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            assertThat(encoder.tokens(List.of("A " + "İ ".repeat(3_000_000))).id(1))
                    .isEqualTo(7);
        }
    }

    @Test
    void thePoolingIsThatOfTheFolder() throws IOException {
        write("1_Pooling/config.json", "{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}");
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            INDArray first = encoder.model()
                    .lastHiddenState()
                    .predict(encoder.tokens(List.of("a b")))
                    .getRow(0);
            INDArray expected = first.div(first.norm2Number());
            INDArray found = encoder.sentenceEmbeddings().predict(encoder.tokens(List.of("a b")));
            assertThat(found.toFloatVector())
                    .usingComparatorWithPrecision(1e-6f)
                    .containsExactly(expected.toFloatVector());
            assertThat(encoder.name()).isEqualTo(folder.getFileName().toString());
            assertThat(encoder).hasToString("EncoderFolder[" + folder.getFileName() + "]");
        }
        write("1_Pooling/config.json", "{\"pooling_mode_middle_token\": true}");
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(encoder::sentenceEmbeddings)
                    .withMessageContaining("found 'pooling_mode_middle_token'");
        }
    }

    /** The files are read before the tokenizer is opened, which would stay open. */
    @Test
    void theTokenizerIsOpenedLast() {
        List<String> opened = new ArrayList<>();
        ModelSource source = new ModelSource() {
            @Override
            public String name() {
                return "source";
            }

            @Override
            public String describe(String file) {
                return file;
            }

            @Override
            public boolean has(String file) throws IOException {
                if (file.equals("generation_config.json")) {
                    throw new IOException("no connection");
                }
                return false;
            }

            @Override
            public InputStream open(String file) throws IOException {
                opened.add(file);
                return Files.newInputStream(folder.resolve(file));
            }
        };
        assertThatIOException()
                .isThrownBy(() -> TextTokens.open(source, ModelConfig.read(folder), OptionalInt.empty()))
                .withMessage("no connection");
        assertThat(opened).isEmpty();
    }

    @Test
    void promptsComeFromTheFolder() throws IOException {
        write("config_sentence_transformers.json", """
                {"prompts": {"query": "query: ", "passage": "passage: ", "plain": "plain: "},
                 "default_prompt_name": "plain", "similarity_fn_name": "cosine"}""");
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            assertThat(encoder.tokens(List.of("a")).id(1)).isEqualTo(6);
            assertThat(encoder.queries(List.of("a")).id(1)).isEqualTo(4);
            assertThat(encoder.documents(List.of("a")).id(1)).isEqualTo(5);
            assertThat(encoder.prompts().apply("query", "a")).isEqualTo("query: a");
        }
    }

    @Test
    void aPromptIsChosenByItsName() throws IOException {
        write("config_sentence_transformers.json", "{\"prompts\": {\"own\": \"plain: \", \"query\": \"query: \"}}");
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            assertThat(encoder.tokens(List.of("a"), "own").id(1)).isEqualTo(6);
            assertThat(encoder.tokens(List.of("a")).id(1)).isEqualTo(7);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> encoder.tokens(List.of("a"), "other"))
                    .withMessage("prompt: the name must be one of [own, query], found 'other'");
        }
    }

    @Test
    void aPromptIsNotPooledIfTheFolderSaysSo() throws IOException {
        write("config_sentence_transformers.json", "{\"prompts\": {\"query\": \"query: passage: \"}}");
        for (boolean includesPrompt : new boolean[] {true, false}) {
            write("1_Pooling/config.json", "{\"pooling_mode\": \"mean\", \"include_prompt\": " + includesPrompt + "}");
            try (EncoderFolder encoder = EncoderFolder.open(folder)) {
                Sequences query = encoder.queries(List.of("a b"));
                // [CLS] query: passage: a b [SEP]
                INDArray rows = encoder.model().lastHiddenState().predict(query);
                INDArray mean =
                        (includesPrompt ? rows : rows.get(NDArrayIndex.interval(3, 6), NDArrayIndex.all())).mean(0);
                assertThat(encoder.sentenceEmbeddings().predict(query).toFloatVector())
                        .usingComparatorWithPrecision(1e-6f)
                        .containsExactly(mean.div(mean.norm2Number()).toFloatVector());
                assertThat(query.prompt(0)).isEqualTo(3);
                assertThat(encoder.documents(List.of("a b")).prompt(0)).isZero();
            }
        }
    }

    @Test
    void aPromptWithoutRoomForATextIsRefused() throws IOException {
        write("config_sentence_transformers.json", "{\"prompts\": {\"query\": \"plain: a b a b \"}}");
        try (EncoderFolder encoder = EncoderFolder.open(folder, 7)) {
            assertThat(encoder.documents(List.of("a")).tokens()).isEqualTo(3);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> encoder.queries(List.of("a")))
                    .withMessage(
                            "the prompt 'plain: a b a b ' must leave room for a text, which is cut at 7 tokens, found at"
                                    + " least so many in the prompt alone; choose a higher limit or a shorter prompt");
        }
        try (EncoderFolder encoder = EncoderFolder.open(folder, 8)) {
            assertThat(encoder.queries(List.of("b a")).id(6)).isEqualTo(8);
        }
    }

    @Test
    void promptsCanBeGivenToAFolderWithout() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            assertThat(encoder.prompts()).isEqualTo(Prompts.none());
            assertThat(encoder.queries(List.of("a"))).isEqualTo(encoder.tokens(List.of("a")));
            EncoderFolder e5 = encoder.withPrompts(Prompts.e5());
            assertThat(e5.queries(List.of("a")).id(1)).isEqualTo(4);
            assertThat(e5.documents(List.of("a")).id(1)).isEqualTo(5);
            assertThat(e5.tokens(List.of("a"))).isEqualTo(encoder.tokens(List.of("a")));
        }
        assertThat(Prompts.bge().query("q")).isEqualTo("Represent this sentence for searching relevant passages: q");
        assertThat(Prompts.bge().document("d")).isEqualTo("d");
    }

    @Test
    void refusesPromptsThatDoNotExist() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Prompts(Map.of("a", "b"), "c"))
                .withMessage("default_prompt_name must be one of the prompts [a], found 'c'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Prompts.e5().apply("classification", "x"))
                .withMessageContaining("found 'classification'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Prompts.parse("{\"prompts\": {\"query\": 3}}"))
                .withMessage("config_sentence_transformers.json: the prompt 'query' must be a text, found 3");
        assertThat(Prompts.parse("{\"prompts\": {}, \"default_prompt_name\": null}"))
                .isEqualTo(Prompts.none());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sentence_bert_config.json | {\"max_seq_length\": -1} | max_seq_length must be a whole number above 0, found -1",
                "sentence_bert_config.json | {\"max_seq_length\": \"x\"} | max_seq_length must be a whole number above 0",
                "tokenizer_config.json | {\"model_max_length\": 0} | model_max_length must be a whole number above 0, found 0",
                "tokenizer_config.json | {\"model_max_length\": 8.5} | model_max_length must be a whole number above 0",
                "sentence_bert_config.json | [] | must be a JSON object, found another value",
                "config_sentence_transformers.json | {\"a\": | must be a JSON object, found"
            })
    void refusesFilesThatAreWrong(String file, String content, String message) throws IOException {
        write(file, content);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncoderFolder.open(folder))
                .withMessageStartingWith(file + ": " + message);
    }

    @Test
    void refusesALimitOutOfRange() {
        assertThatIllegalArgumentException().isThrownBy(() -> EncoderFolder.open(folder, 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EncoderFolder.open(folder, 17))
                .withMessage("maxTokens must be between 1 and the 16 positions of the model, found 17");
    }

    @Test
    void labelsAreThoseOfTheConfiguration() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            assertThat(encoder.labels().count()).isZero();
        }
        String config = Files.readString(folder.resolve("config.json")).strip();
        write(
                "config.json",
                config.substring(0, config.length() - 1) + ", \"id2label\": {\"1\": \"spam\", \"0\": \"mail\"}}");
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            assertThat(encoder.labels())
                    .isEqualTo(Labels.of(List.of("mail", "spam")))
                    .hasToString("[mail, spam]");
            assertThat(encoder.labels().id("spam")).isOne();
            assertThat(encoder.labels().name(0)).isEqualTo("mail");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"id2label\": {\"0\": \"a\", \"2\": \"b\"}} | id2label must have the classes 0 to 1, found [0, 2]",
                "{\"id2label\": {\"0\": \"a\", \"1\": \"a\"}} | each class must have a name of its own, found 'a' for 0 and 1",
                "{\"id2label\": {\"x\": \"a\"}} | found 'x': \"a\"",
                "{\"id2label\": {\"0\": 7}} | found '0': 7"
            })
    void refusesLabelsThatAreWrong(String config, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Labels.parse(config))
                .withMessageContaining(message);
    }

    @Test
    void labelsWithoutWordsHaveNumbers() {
        Labels labels = Labels.parse("{\"num_labels\": 2}");
        assertThat(labels.names()).containsExactly("LABEL_0", "LABEL_1");
        assertThat(labels.hashCode()).isEqualTo(Labels.of(labels.names()).hashCode());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> labels.id("spam"))
                .withMessage("labels: a label must be one of [LABEL_0, LABEL_1], found 'spam'");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> labels.name(2))
                .withMessage("labels: a class must be between 0 and 1, found 2");
    }
}
