package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.offset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.fixtures.KnownAdapter;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.ServingException;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.definition.ToolDefinition;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The models of Spring AI. */
@MustEnd
class SpringAiTest {
    private static final String TEXT = "where is my parcel";

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(LoRAAutoConfiguration.class, LoRAAiAutoConfiguration.class));

    @TempDir
    private Path folder;

    private Path encoder;
    private Path decoder;

    @BeforeEach
    void writeFolders() throws IOException {
        encoder = Folders.encoder(folder.resolve("encoder"));
        Folders.adapters(encoder, folder.resolve("adapters"), "a", "b");
        decoder = Folders.decoder(folder.resolve("decoder"));
        Files.writeString(
                decoder.resolve("chat_template.jinja"),
                "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}");
        Folders.decoderAdapter(decoder, folder.resolve("styles").resolve("c"), 3);
    }

    private ApplicationContextRunner encoders(String... properties) {
        return runner.withPropertyValues(
                        "lora.model.path=" + encoder, "lora.adapters.path=" + folder.resolve("adapters"))
                .withPropertyValues(properties);
    }

    private ApplicationContextRunner decoders(String... properties) {
        return runner.withPropertyValues("lora.model.path=" + decoder, "lora.adapters.path=" + folder.resolve("styles"))
                .withPropertyValues(properties);
    }

    @Test
    void embeddingsHaveTheAdapterOfTheOptions() {
        encoders("lora.serve.default-adapter=b").run(context -> {
            assertThat(context).hasSingleBean(EmbeddingModel.class).doesNotHaveBean(ChatModel.class);
            EmbeddingModel model = context.getBean(EmbeddingModel.class);
            EncoderFolder folderOfEncoder = context.getBean(EncoderFolder.class);
            EmbeddingOptions options = EmbeddingOptions.builder().model("a").build();
            EmbeddingResponse response = model.call(new EmbeddingRequest(List.of(TEXT, "is"), options));
            assertThat(model.embed(TEXT)).isNotEqualTo(response.getResult().getOutput());
            LoRAModel adapted = context.getBean(LoRAModel.class);
            // The cache keeps both adapters in the model.
            assertThat(response.getResults().get(1).getOutput())
                    .containsExactly(
                            adapted.using("a")
                                    .predict(folderOfEncoder.queries(List.of("is")))
                                    .toFloatMatrix()[0],
                            offset(1e-6f));
            assertThat(response.getMetadata().getModel()).isEqualTo("a");
            assertThat(response.getMetadata().getUsage().getPromptTokens()).isEqualTo(5);
            assertThat(model.embed(TEXT))
                    .isEqualTo(adapted.using("b")
                            .predict(folderOfEncoder.tokens(List.of(TEXT)))
                            .toFloatMatrix()[0]);
            assertThat(model.dimensions()).isEqualTo(24);
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> model.call(new EmbeddingRequest(
                            List.of(TEXT),
                            EmbeddingOptions.builder().model("nobody").build())))
                    .withMessage("there is no adapter 'nobody'");
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> model.call(new EmbeddingRequest(
                            List.of(TEXT),
                            EmbeddingOptions.builder().dimensions(25).build())))
                    .withMessage("dimensions must be between 1 and the 24 numbers of an embedding, found 25");
            float[] three = model.call(new EmbeddingRequest(
                            List.of(TEXT),
                            EmbeddingOptions.builder().dimensions(3).build()))
                    .getResult()
                    .getOutput();
            float[] whole = model.embed(TEXT);
            double norm = Math.sqrt(whole[0] * whole[0] + whole[1] * whole[1] + whole[2] * whole[2]);
            assertThat(norm).isLessThan(0.9);
            assertThat(three).hasSize(3);
            for (int i = 0; i < 3; i++) {
                assertThat(three[i]).isEqualTo((float) (whole[i] / norm), offset(1e-6f));
            }
        });
    }

    @Test
    void embeddingsAreThoseOfTheModelWithTheUpdateInItsWeight() throws IOException {
        KnownAdapter known = KnownAdapter.write(
                encoder,
                folder.resolve("adapters").resolve("known"),
                folder.resolve("changed"),
                "attention.self.query",
                1);
        float[] expected;
        try (EncoderFolder changed = EncoderFolder.open(known.changed())) {
            expected = changed.sentenceEmbeddings()
                    .predict(changed.tokens(List.of(TEXT)))
                    .toFloatVector();
        }
        encoders("lora.serve.default-adapter=known").run(context -> {
            EmbeddingModel model = context.getBean(EmbeddingModel.class);
            assertThat(model.embed(TEXT)).containsExactly(expected, offset(1e-5f));
            EmbeddingOptions other = EmbeddingOptions.builder().model("a").build();
            assertThat(model.call(new EmbeddingRequest(List.of(TEXT), other))
                            .getResult()
                            .getOutput()[0])
                    .isNotCloseTo(expected[0], offset(1e-5f));
        });
    }

    @Test
    void chatsAreThoseOfTheModelWithTheUpdateInItsWeight() throws IOException {
        KnownAdapter known = KnownAdapter.write(
                decoder, folder.resolve("styles").resolve("known"), folder.resolve("changed"), "self_attn.q_proj", 1);
        Path noAdapters = Files.createDirectory(folder.resolve("none"));
        String[] texts = new String[3];
        decoders("lora.serve.default-adapter=known").run(context -> {
            texts[0] = greedy(context.getBean(ChatModel.class), "known");
            texts[1] = greedy(context.getBean(ChatModel.class), "c");
        });
        runner.withPropertyValues(
                        "lora.model.path=" + known.changed(),
                        "lora.adapters.path=" + noAdapters,
                        "lora.serve.allow-base=true",
                        "lora.serve.default-adapter=__base__")
                .run(context -> texts[2] = greedy(context.getBean(ChatModel.class), "__base__"));
        assertThat(texts[0]).isEqualTo(texts[2]).isNotEqualTo(texts[1]);
    }

    private static String greedy(ChatModel model, String adapter) {
        ChatOptions options = ChatOptions.builder()
                .model(adapter)
                .temperature(0.0)
                .maxTokens(12)
                .build();
        return text(model.call(new Prompt(TEXT, options)));
    }

    @Test
    void documentsHaveThePromptOfDocuments() throws IOException {
        Files.writeString(
                encoder.resolve("config_sentence_transformers.json"),
                "{\"prompts\": {\"query\": \"where \", \"document\": \"my \"}}");
        encoders("lora.serve.default-adapter=a").run(context -> {
            EmbeddingModel model = context.getBean(EmbeddingModel.class);
            EncoderFolder folderOfEncoder = context.getBean(EncoderFolder.class);
            float[] document = model.embed(new Document("parcel"));
            assertThat(document).isNotEqualTo(model.embed("parcel"));
            LoRAModel adapted = context.getBean(LoRAModel.class);
            assertThat(document)
                    .isEqualTo(adapted.using("a")
                            .predict(folderOfEncoder.documents(List.of("parcel")))
                            .toFloatMatrix()[0]);
            assertThat(model.embed("parcel"))
                    .isEqualTo(adapted.using("a")
                            .predict(folderOfEncoder.queries(List.of("parcel")))
                            .toFloatMatrix()[0]);
            assertThat(model.embed(
                            List.of(new Document("parcel")),
                            EmbeddingOptions.builder().build(),
                            List::of))
                    .containsExactly(document);
        });
    }

    private static ChatOptions options(int tokens) {
        return ChatOptions.builder().temperature(0.0).maxTokens(tokens).build();
    }

    /** What lora-core generates. */
    private String direct(String adapter, String rendered, int tokens) throws IOException {
        try (DecoderFolder opened = DecoderFolder.open(decoder)) {
            LoRAModel model = LoRAModel.of(opened.network());
            int[] prompt = opened.tokenizer().encodeRendered(rendered).ids();
            int[] ends = opened.endIds().stream().mapToInt(Integer::intValue).toArray();
            return opened.tokenizer()
                    .decode(Generator.of(
                                    model.load(adapter, folder.resolve("styles").resolve(adapter)))
                            .generate(
                                    prompt,
                                    GenerationOptions.greedy()
                                            .withMaxTokens(tokens)
                                            .withStopIds(ends))
                            .ids());
        }
    }

    private static String text(ChatResponse response) {
        return String.valueOf(
                Objects.requireNonNull(response.getResult()).getOutput().getText());
    }

    @Test
    void chatsHaveTheAdapterOfTheOptions() {
        decoders("lora.serve.default-adapter=c").run(context -> {
            assertThat(context).hasSingleBean(ChatModel.class).doesNotHaveBean(EmbeddingModel.class);
            ChatModel model = context.getBean(ChatModel.class);
            Prompt prompt = new Prompt(
                    List.of(
                            new SystemMessage("is"),
                            new UserMessage("my"),
                            new AssistantMessage("is"),
                            new UserMessage("where")),
                    options(6));
            ChatResponse response = model.call(prompt);
            assertThat(text(response)).isEqualTo(direct("c", "system is user my assistant is user where ", 6));
            assertThat(response.getMetadata().getModel()).isEqualTo("c");
            assertThat(response.getMetadata().getUsage().getPromptTokens()).isEqualTo(8);
            assertThat(response.getMetadata().getUsage().getCompletionTokens()).isBetween(1, 6);
            assertThat(Objects.requireNonNull(response.getResult())
                            .getMetadata()
                            .getFinishReason())
                    .isIn("STOP", "LENGTH");
            List<ChatResponse> parts =
                    Objects.requireNonNull(model.stream(prompt).collectList().block());
            assertThat(parts.stream().map(SpringAiTest::text).collect(Collectors.joining()))
                    .isEqualTo(text(response));
            assertThat(parts.get(parts.size() - 1).getMetadata().getUsage().getCompletionTokens())
                    .isEqualTo(response.getMetadata().getUsage().getCompletionTokens());
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> model.stream(new Prompt(
                                    "my", ChatOptions.builder().model("nobody").build()))
                            .blockLast())
                    .withMessage("there is no adapter 'nobody'");
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> model.call(new Prompt(
                            "my", ChatOptions.builder().model("decoder").build())))
                    .withMessageContaining("there is no adapter");
        });
    }

    @Test
    void aStreamThatIsCancelledEndsTheGeneration() {
        decoders("lora.serve.allow-base=true").run(context -> {
            ChatModel model = context.getBean(ChatModel.class);
            assertThat(model.stream(new Prompt("my", options(40)))
                            .take(1)
                            .collectList()
                            .block())
                    .hasSize(1);
            GenerationService service = context.getBean(GenerationService.class);
            Patience.await(() -> service.stats().all().running() == 0);
        });
    }

    /** A tool that nobody calls. */
    private static final class Find implements ToolCallback {
        @Override
        public ToolDefinition getToolDefinition() {
            return ToolDefinition.builder()
                    .name("find")
                    .description("finds")
                    .inputSchema("{}")
                    .build();
        }

        @Override
        public String call(String input) {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void whatIsNotSupportedIsRefused() {
        decoders("lora.serve.allow-base=true").run(context -> {
            ChatModel model = context.getBean(ChatModel.class);
            for (ChatOptions wrong : List.of(
                    ChatOptions.builder().topP(2.0).build(),
                    ToolCallingChatOptions.builder().toolCallbacks(new Find()).build())) {
                assertThatExceptionOfType(ServingException.class)
                        .isThrownBy(() -> model.call(new Prompt("my", wrong)))
                        .matches(e -> e.reason() == ServingException.Reason.INVALID_INPUT);
            }
        });
    }

    /** Nobody asked for {@code __base__}. */
    @Test
    void aRequestWithoutAModelSaysWhatIsMissing() {
        decoders()
                .run(context -> assertThatExceptionOfType(ServingException.class)
                        .isThrownBy(() -> context.getBean(ChatModel.class).call(new Prompt("my")))
                        .withMessageContaining("the options must name an adapter as their model")
                        .withMessageContaining("lora.serve.default-adapter")
                        .withMessageContaining("lora.serve.allow-base")
                        .matches(e -> e.reason() == ServingException.Reason.INVALID_INPUT));
        encoders()
                .run(context -> assertThatExceptionOfType(ServingException.class)
                        .isThrownBy(() -> context.getBean(EmbeddingModel.class).embed(TEXT))
                        .withMessageContaining("the options must name an adapter as their model"));
    }

    @Test
    void aWrongFolderOfAdaptersIsSaidAtTheStart() {
        encoders("lora.adapters.path=" + folder.resolve("adaptors"))
                .run(
                        context -> assertThat(context)
                                .getFailure()
                                .rootCause()
                                .hasMessageContaining(
                                        "lora.adapters.path must be a folder with a sub-folder for each adapter, found nothing"));
    }

    @Test
    void aTextWithoutATokenIsAFaultOfTheClient() {
        encoders("lora.serve.default-adapter=a").run(context -> {
            EmbeddingModel model = context.getBean(EmbeddingModel.class);
            for (String text : List.of("", " \t")) {
                assertThatExceptionOfType(ServingException.class)
                        .isThrownBy(() -> model.embed(text))
                        .withMessageContaining("each text must have at least one token")
                        .matches(e -> e.reason() == ServingException.Reason.INVALID_INPUT);
            }
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class Classifier {
        @Bean
        LoRAModel model(EncoderFolder encoder) {
            return LoRAModel.of(encoder.model().meanClassifier(3, 7));
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class HiddenStates {
        @Bean
        LoRAModel model(EncoderFolder encoder) {
            return LoRAModel.of(encoder.model().lastHiddenState());
        }
    }

    /** The network decides, not the property. */
    @Test
    void whatReturnsNoEmbeddingIsNoEmbeddingModel() {
        ApplicationContextRunner own = runner.withPropertyValues("lora.model.path=" + encoder);
        own.withUserConfiguration(Classifier.class)
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("found a classifier with 3 outputs"));
        own.withUserConfiguration(HiddenStates.class)
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("found one with another output"));
        own.withUserConfiguration(Classifier.class)
                .withPropertyValues("lora.model.kind=classifier")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(EmbeddingModel.class));
    }

    @Test
    void aClassifierAndADecoderWithoutATemplateAndAProgramWithoutSpringAiHaveNone() throws IOException {
        Files.delete(decoder.resolve("chat_template.jinja"));
        decoders()
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(GenerationService.class)
                        .doesNotHaveBean(ChatModel.class));
        encoders("lora.model.kind=hidden-states")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(EmbeddingModel.class));
        encoders()
                .withClassLoader(new FilteredClassLoader("org.springframework.ai", "reactor"))
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(LoRAModel.class)
                        .doesNotHaveBean("loraEmbeddingModel"));
    }
}
