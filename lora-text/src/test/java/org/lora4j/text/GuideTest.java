package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.data.Dataset;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.Split;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.data.TextSpan;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.grammar.Grammar;
import org.lora4j.text.grammar.GrammarVocabulary;
import org.lora4j.text.metrics.Classification;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Tag;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.Tokenizers;
import org.lora4j.text.tools.ToolAnswer;
import org.lora4j.text.tools.ToolCall;
import org.lora4j.text.tools.ToolFormat;
import org.lora4j.text.train.TrainableTag;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The code blocks of the page about texts. */
class GuideTest {
    private static final Logger log = LoggerFactory.getLogger(GuideTest.class);

    @TempDir
    private Path folder;

    private void writeEncoder() throws IOException, URISyntaxException {
        Path golden = Path.of(Objects.requireNonNull(getClass().getResource("/golden/encoder_forward"))
                .toURI());
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(golden.resolve(name), folder.resolve(name));
        }
        Files.writeString(folder.resolve("tokenizer.json"), EncoderFolderTest.TOKENIZER);
    }

    private Path writeRows() throws IOException {
        StringBuilder rows = new StringBuilder("text,label,customer\n");
        for (int i = 0; i < 100; i++) {
            rows.append("a b ").append(i).append(",x,c").append(i % 10).append('\n');
        }
        return Files.writeString(folder.resolve("data.csv"), rows);
    }

    // spotless:off
    @Test
    void partsOfATextHaveTags() throws Exception {
        writeEncoder();
        try (EncoderFolder model = EncoderFolder.open(folder)) {
            Labels labels = Labels.of(TagScheme.IOB2.tags(List.of("PER", "CITY")));
            TaggedText example = TaggedText.ofSpans(
                    "Ann lives in York", List.of(new TextSpan(0, 3, "PER"), new TextSpan(13, 17, "CITY")));
            Tag tag = new Tag(labels, Tag.SubWords.FIRST, OptionalInt.empty());
            Network network = Head.TOKENS.network(model.model(), labels.count(), 7);
            TrainableTag task = new TrainableTag(tag, model.textTokens(), network);
            Batch batch = task.batch(List.of(example));
            assertThat(batch.input().count()).isEqualTo(1);
        }
    }

    @Test
    void openAFolder() throws Exception {
        writeEncoder();
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            Network network = encoder.sentenceEmbeddings();
            network.freeze();
            INDArray queries = network.predict(encoder.queries(List.of("a question")));
            INDArray documents = network.predict(encoder.documents(List.of("a passage", "another passage")));
            assertThat(queries.columns()).isEqualTo(documents.columns());
        }
    }

    @Test
    void readData() throws IOException {
        Path file = writeRows();
        Dataset<TextRow> rows = TextFiles.read(file);
        Split<TextRow> split = rows.splitBy(row -> row.text("customer"), 7, 0.2);
        for (int epoch = 0; epoch < 2; epoch++) {
            for (List<TextRow> batch : split.train().shuffled(7, epoch, 10_000).batches(32)) {
                List<LabelledText> texts = batch.stream().map(row -> row.labelled("text", "label")).toList();
                log.info("{} texts", texts.size());
            }
        }
        assertThat(split.train().iterator()).hasNext();
    }

    @Test
    void leaveOutWhatIsWrong() throws IOException {
        Path damaged = Files.writeString(folder.resolve("data.jsonl"), "{\"text\": \"a\"}\n{\"text\": 3}\n");
        List<String> refused = new ArrayList<>();
        Dataset<String> texts = TextFiles.jsonl(damaged).map(row -> row.text("text")).skipping(e -> refused.add(e.getMessage()));
        assertThat(texts).containsExactly("a");
        assertThat(refused).containsExactly(damaged + ":2: text must be a text, found 3");
    }

    @Test
    void writeAChat() throws IOException {
        Path chatFolder = folder;
        Files.writeString(folder.resolve("chat_template.jinja"),
                "{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}");
        ChatTemplate template = ChatTemplate.load(chatFolder);
        Conversation question = Conversation.of(ChatMessage.of("user", "Where is my parcel?"));
        String prompt = template.render(question, true);
        assertThat(prompt).isEqualTo("[user] Where is my parcel?[assistant]");
    }

    @Test
    void trainOnConversations() throws Exception {
        GoldenDecoder.write(folder, EncoderFolderTest.TOKENIZER);
        Files.writeString(folder.resolve("chat_template.jinja"), "{% for m in messages %}{{ m['content'] }} {% endfor %}");
        Path file = Files.writeString(folder.resolve("chats.jsonl"), """
                {"messages": [{"role": "user", "content": "a b"}, {"role": "assistant", "content": "b a"}]}
                """.repeat(9));
        Path modelFolder = folder;
        Path adapterFolder = folder.resolve("support");

        try (DecoderFolder decoder = DecoderFolder.open(modelFolder)) {
            DecoderTokens tokens = decoder.tokens();
            List<Batch> batches = new ArrayList<>();
            for (List<TextRow> some : TextFiles.read(file).batches(4)) {
                batches.add(TokenExample.batch(some.stream().map(row -> tokens.conversation(Conversation.of(row))).toList()));
            }
            AdapterView support = LoRAModel.of(decoder.network()).add("support", LoRAConfig.of(8, 16));
            Trainer.builder(support)
                    .loss(Loss.nextToken())
                    .updater(new AdamW(2e-4, 0.01)).epochs(2)
                    .build().fit(batches);
            support.save(adapterFolder);
        }
        assertThat(adapterFolder.resolve("adapter_config.json")).exists();
    }

    @Test
    void measure() {
        double macroF1 = Classification.of(new int[] {0, 1, 1}, new int[] {0, 1, 0}, 2).macroF1();
        assertThat(macroF1).isEqualTo(2.0 / 3);
    }

    /** The sample of the package. */
    @Test
    void theSampleOfThePackage() throws Exception {
        OneTask tasks = OneTask.write(folder.resolve("tasks"));
        Path adapters = tasks.encoderAdapters();
        List<String> texts = OneTask.TEXTS;
        List<ClassScores> found = askTopics(tasks.encoder(), adapters, texts);
        assertThat(found).hasSize(texts.size());
    }

    private static List<ClassScores> askTopics(Path folder, Path adapters, List<String> texts) throws IOException {
        List<ClassScores> classes = new ArrayList<>();
        try (TextModel model = TextModel.open(ModelSource.of(folder), BaseStorage.of(Precision.FLOAT));
                TextService service = TextService.builder(model).adapters(adapters).build()) {
            classes.addAll(service.answer(Classify.class, "topics", texts, RequestOptions.defaults()).values());
        }
        return classes;
    }

    /** The sample of data sets. */
    @Test
    void embedADataSet() throws Exception {
        writeEncoder();
        Path file = writeRows();
        Dataset<TextRow> rows = TextFiles.read(file);
        Split<TextRow> split = rows.split(7, 0.2);
        List<INDArray> embeddings = new ArrayList<>();
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            Network network = encoder.sentenceEmbeddings();
            network.freeze();
            for (List<TextRow> batch : split.train().shuffled(7, 0, 10_000).batches(32)) {
                embeddings.add(network.predict(encoder.tokens(batch.stream().map(row -> row.text("text")).toList())));
            }
        }
        assertThat(embeddings).isNotEmpty();
    }

    /** The sample of the package of grammars. */
    @Test
    void theSampleOfThePackageOfGrammars() throws Exception {
        Files.writeString(folder.resolve("tokenizer.json"), Tokenizers.bytes());
        String schema = "{\"type\":\"object\",\"properties\":{\"amount\":{\"type\":\"integer\"}},\"required\":[\"amount\"]}";
        Grammar order = Grammar.jsonSchema(schema);
        TokenConstraint constraint = order.constraint(GrammarVocabulary.load(folder));
        GenerationOptions options = GenerationOptions.greedy().withMaxTokens(200).withConstraint(constraint);
        assertThat(options.constraint()).isSameAs(constraint);
    }

    /** The block of the page about chats. */
    @Test
    void theBlockAboutJson() throws Exception {
        GoldenDecoder.write(folder, Tokenizers.bytes());
        GenerationOptions greedy = GenerationOptions.greedy();
        try (DecoderFolder decoder = DecoderFolder.open(folder)) {
            //
            String schema = """
                    {"type": "object", "properties": {"city": {"type": "string", "maxLength": 20}, "warm": {"type": "boolean"}},
                     "required": ["city", "warm"]}""";
            GenerationOptions json = greedy.withConstraint(decoder.grammars().jsonSchema(schema));
            //
            assertThat(json.constraint()).isSameAs(decoder.grammars().jsonSchema(schema));
        }
    }

    /** The sample of the package of tools. */
    @Test
    void theSampleOfThePackageOfTools() {
        ToolAnswer answer = ToolFormat.HERMES.read("""
                <tool_call>
                {"name": "weather", "arguments": {"city": "Oslo"}}
                </tool_call>""");
        ToolCall call = answer.calls().get(0);
        Object city = call.argumentMap().get("city");
        assertThat(city).isEqualTo("Oslo");
    }
    // spotless:on
}
