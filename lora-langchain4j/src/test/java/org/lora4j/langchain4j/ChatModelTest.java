package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.TimeoutException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelResponseContext;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.generate.Generation;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.serve.GenerationService;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;

/** Chats with a small decoder, alone and with adapters. Its tokens are letters, so a text has as many characters as tokens. */
class ChatModelTest {
    private static final String TEXT = "where";
    private static final int TOKENS = 12;

    @TempDir
    private Path folder;

    private Path decoder;
    private Path adapters;

    @BeforeEach
    void write() throws IOException {
        decoder = SmallFolders.decoder(folder.resolve("tiny"));
        adapters = folder.resolve("adapters");
        SmallFolders.decoderAdapter(decoder, adapters.resolve("support"), 1);
        SmallFolders.decoderAdapter(decoder, adapters.resolve("law"), 2);
    }

    private LoRAChatModel.Builder builder() {
        return LoRAChatModel.builder(decoder)
                .adapter("support", adapters.resolve("support"))
                .adapter("law", adapters.resolve("law"))
                .temperature(0)
                .maxOutputTokens(TOKENS);
    }

    private static ChatRequest request(String modelName) {
        return ChatRequest.builder()
                .messages(UserMessage.from(TEXT))
                .modelName(modelName)
                .build();
    }

    private static String text(ChatResponse response) {
        return String.valueOf(response.aiMessage().text());
    }

    /** What lora-core generates. */
    private Generation direct(String adapter, GenerationOptions options) throws IOException {
        try (DecoderFolder opened = DecoderFolder.open(decoder)) {
            LoRAModel model = LoRAModel.of(opened.network());
            Conversation conversation = Conversation.of(ChatMessage.of("user", TEXT));
            int[] prompt = opened.tokenizer()
                    .encodeRendered(opened.requireTemplate().render(conversation, true))
                    .ids();
            int[] ends = opened.endIds().stream().mapToInt(Integer::intValue).toArray();
            return Generator.of(adapter.isEmpty() ? model.base() : model.load(adapter, adapters.resolve(adapter)))
                    .generate(prompt, options.withStopIds(ends));
        }
    }

    private String decoded(Generation generation) throws IOException {
        try (DecoderFolder opened = DecoderFolder.open(decoder)) {
            return opened.tokenizer().decode(generation.ids());
        }
    }

    private static GenerationOptions greedy() {
        return GenerationOptions.greedy().withMaxTokens(TOKENS);
    }

    private void assertAnswer(ChatResponse response, String adapter) throws IOException {
        Generation expected = direct(adapter, greedy());
        assertThat(text(response)).isEqualTo(decoded(expected));
        assertThat(response.tokenUsage().inputTokenCount()).isEqualTo(expected.promptTokens());
        assertThat(response.tokenUsage().outputTokenCount())
                .isEqualTo(expected.newTokens().size());
        assertThat(response.finishReason())
                .isEqualTo(expected.finish() == Generation.Finish.STOP ? FinishReason.STOP : FinishReason.LENGTH);
    }

    @Test
    void theAnswersAreThoseOfTheGenerator() throws IOException {
        try (LoRAChatModel model = builder().modelName("law").build()) {
            assertAnswer(model.chat(request("support")), "support");
            assertAnswer(model.chat(request("tiny+support")), "support");
            assertAnswer(model.chat(request("tiny")), "");
            ChatResponse law = model.chat(UserMessage.from(TEXT));
            assertAnswer(law, "law");
            assertThat(law.modelName()).isEqualTo("law");
            assertThat(law.id()).startsWith("chat-");
            assertThat(text(law)).isNotEqualTo(text(model.chat(request("support"))));
            assertThat(model.chat(TEXT)).isEqualTo(text(law));
        }
    }

    @Test
    void anAnswerEndsAtTheEndOfTheText() throws IOException {
        int end = direct("", greedy()).newTokens().get(4);
        Path config = decoder.resolve("config.json");
        Files.writeString(
                config, Files.readString(config).replaceAll("\"eos_token_id\": 2", "\"eos_token_id\": " + end));
        try (LoRAChatModel model = builder().build()) {
            ChatResponse response = model.chat(request("tiny"));
            assertThat(response.finishReason()).isEqualTo(FinishReason.STOP);
            assertThat(response.tokenUsage().outputTokenCount()).isBetween(1, 5);
            assertAnswer(response, "");
        }
    }

    @Test
    void anAnswerEndsBeforeAStopSequence() throws IOException {
        String whole = decoded(direct("", greedy()));
        String stop = whole.substring(3, 5);
        try (LoRAChatModel model = builder().build()) {
            ChatResponse response = model.chat(ChatRequest.builder()
                    .messages(UserMessage.from(TEXT))
                    .stopSequences(List.of("not there", stop))
                    .build());
            assertThat(text(response)).isEqualTo(whole.substring(0, whole.indexOf(stop)));
            assertThat(response.finishReason()).isEqualTo(FinishReason.STOP);
            assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(whole.indexOf(stop) + stop.length());
        }
    }

    @Test
    void aSeedDecidesTheDraws() throws IOException {
        GenerationOptions sampled = GenerationOptions.sampling(5)
                .withTemperature(2)
                .withTopP(0.9)
                .withTopK(20)
                .withMaxTokens(TOKENS);
        ChatRequest request = ChatRequest.builder()
                .messages(UserMessage.from(TEXT))
                .temperature(2.0)
                .topP(0.9)
                .topK(20)
                .build();
        try (LoRAChatModel model = builder().seed(5).build()) {
            assertThat(text(model.chat(request))).isEqualTo(decoded(direct("", sampled)));
        }
        try (LoRAChatModel model = builder().build()) {
            assertThat(Stream.generate(() -> text(model.chat(request))).limit(5).distinct())
                    .hasSizeGreaterThan(1);
        }
    }

    @Test
    void allKindsOfTextMessagesAreWritten() throws IOException {
        try (LoRAChatModel model = builder().maxOutputTokens(3).build()) {
            ChatResponse response = model.chat(
                    SystemMessage.from("a"),
                    UserMessage.from(TextContent.from("b"), TextContent.from("c")),
                    AiMessage.from("d"),
                    UserMessage.from("e"));
            try (DecoderFolder opened = DecoderFolder.open(decoder)) {
                Conversation conversation = Conversation.of(
                        ChatMessage.of("system", "a"),
                        ChatMessage.of("user", "b\nc"),
                        ChatMessage.of("assistant", "d"),
                        ChatMessage.of("user", "e"));
                int[] prompt = opened.tokenizer()
                        .encodeRendered(opened.requireTemplate().render(conversation, true))
                        .ids();
                Generation expected =
                        Generator.of(LoRAModel.of(opened.network()).base()).generate(prompt, greedy().withMaxTokens(3));
                assertThat(text(response)).isEqualTo(opened.tokenizer().decode(expected.ids()));
            }
        }
    }

    /** A token that has come becomes less probable. */
    @Test
    void penaltiesChangeTheAnswer() throws IOException {
        try (LoRAChatModel model = builder().build()) {
            ChatRequest.Builder[] builders = {request("tiny").toBuilder(), request("tiny").toBuilder()};
            String plain = text(model.chat(request("tiny")));
            assertThat(plain).isEqualTo(decoded(direct("", greedy())));
            assertThat(text(model.chat(builders[0].frequencyPenalty(2.0).build())))
                    .isEqualTo(decoded(direct("", greedy().withFrequencyPenalty(2))))
                    .isNotEqualTo(plain);
            assertThat(text(model.chat(builders[1].presencePenalty(2.0).build())))
                    .isEqualTo(decoded(direct("", greedy().withPresencePenalty(2))));
        }
    }

    @Test
    void whatIsNotSupportedIsRefused() throws IOException {
        ChatRequest unsupported = ChatRequest.builder()
                .messages(UserMessage.from(ImageContent.from("https://example.org/a.png")))
                .build();
        try (LoRAChatModel model = builder().build()) {
            assertThatExceptionOfType(UnsupportedFeatureException.class)
                    .isThrownBy(() -> model.chat(unsupported))
                    .withMessageContaining("is not supported by this model");
            Received received = new Received();
            assertThatExceptionOfType(UnsupportedFeatureException.class)
                    .isThrownBy(() -> model.streaming().chat(unsupported, received));
            assertThat(received.calls()).isZero();
        }
    }

    @Test
    void plainTextIsAFormatThatIsSupported() throws IOException {
        try (LoRAChatModel model = builder().build()) {
            assertAnswer(
                    model.chat(ChatRequest.builder()
                            .messages(UserMessage.from(TEXT))
                            .responseFormat(ResponseFormat.TEXT)
                            .build()),
                    "");
        }
    }

    @Test
    void wrongDefaultsAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder().modelName("lwa").build())
                .withMessageContaining("modelName must be tiny or an adapter of it");
    }

    @Test
    void whatARequestDoesWrongIsSaidWithoutNamesOfOthers() throws IOException {
        try (LoRAChatModel model = builder().build()) {
            assertThatExceptionOfType(ModelNotFoundException.class)
                    .isThrownBy(() -> model.chat(request("suport")))
                    .withMessage("there is no adapter 'suport'");
            assertThatExceptionOfType(InvalidRequestException.class)
                    .isThrownBy(() -> model.chat("a".repeat(60)))
                    .withMessage(
                            "the prompt must have 1 to 64 tokens, as many as the model has positions for, found 79;"
                                    + " shorten the text, or leave out older messages");
            assertThatExceptionOfType(InvalidRequestException.class)
                    .isThrownBy(() -> model.chat(ChatRequest.builder()
                            .messages(UserMessage.from(TEXT))
                            .topP(1.5)
                            .build()))
                    .withMessage("generation: topP must be above 0 and at most 1, found 1.5");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.chat(List.of()))
                    .withMessageContaining("messages");
        }
    }

    @Test
    void anAnswerHasAsManyTokensAsTheModelHasPositionsFor() throws IOException {
        try (LoRAChatModel model = builder().maxOutputTokens(1000).build()) {
            ChatResponse response = model.chat(request("support"));
            assertThat(response.tokenUsage().totalTokenCount()).isBetween(30, 65);
            assertThat(response.finishReason()).isIn(FinishReason.LENGTH, FinishReason.STOP);
        }
    }

    @Test
    void aRefusalOfTheTemplateIsTheFaultOfTheRequest() throws IOException {
        Files.writeString(decoder.resolve("chat_template.jinja"), "{{ raise_exception('roles must alternate') }}");
        try (LoRAChatModel model = builder().build()) {
            assertThatExceptionOfType(InvalidRequestException.class)
                    .isThrownBy(() -> model.chat(TEXT))
                    .withMessageContaining("roles must alternate");
        }
    }

    @Test
    void aLateAnswerFails() throws IOException {
        try (LoRAChatModel model = builder().timeout(Duration.ofNanos(1)).build()) {
            assertThatExceptionOfType(TimeoutException.class).isThrownBy(() -> model.chat(TEXT));
        }
    }

    @Test
    void aFolderWithoutATemplateNeedsOne() throws IOException {
        Path config = decoder.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"eos_token\": \"<|im_end|>\"}");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> builder().build())
                .withMessageContaining("the model must have a chat template");
    }

    @Test
    void adaptersAreLoadedByTheNamesOfRequestsThatComeAtTheSameTime() throws IOException {
        List<String> names = List.of("tiny", "support", "law");
        try (LoRAChatModel model = LoRAChatModel.builder(decoder)
                .adapters(adapters)
                .temperature(0)
                .maxOutputTokens(TOKENS)
                .build()) {
            CompletableFuture<?>[] calls = new CompletableFuture<?>[9];
            for (int i = 0; i < calls.length; i++) {
                String name = names.get(i % names.size());
                String expected = decoded(direct(name.equals("tiny") ? "" : name, greedy()));
                calls[i] = CompletableFuture.runAsync(() -> {
                    for (int j = 0; j < 10; j++) {
                        assertThat(text(model.chat(request(name)))).isEqualTo(expected);
                    }
                });
            }
            CompletableFuture.allOf(calls).join();
            assertThatExceptionOfType(ModelNotFoundException.class)
                    .isThrownBy(() -> model.chat(request("lwa")))
                    .withMessage("there is no adapter 'lwa'");
        }
    }

    @Test
    void whatTheProgramOpenedStaysOpen() throws IOException {
        try (DecoderFolder opened = DecoderFolder.open(decoder)) {
            LoRAModel adapted = LoRAModel.of(opened.network());
            adapted.load("support", adapters.resolve("support"));
            LoRAChatModel owner = LoRAChatModel.builder(opened)
                    .model(adapted)
                    .temperature(0)
                    .maxOutputTokens(TOKENS)
                    .build();
            assertAnswer(owner.chat(request("support")), "support");
            owner.close();
            assertThatIllegalStateException()
                    .isThrownBy(() -> owner.chat(TEXT))
                    .withMessageContaining("the model must not be closed");
            try (GenerationService service = GenerationService.builder(adapted).build()) {
                LoRAChatModel user = LoRAChatModel.builder(opened)
                        .service(service)
                        .temperature(0)
                        .maxOutputTokens(TOKENS)
                        .build();
                user.close();
                assertAnswer(user.chat(request("support")), "support");
                assertThatExceptionOfType(ModelNotFoundException.class).isThrownBy(() -> user.chat(TEXT));
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> LoRAChatModel.builder(opened)
                                .service(service)
                                .adapters(adapters)
                                .build())
                        .withMessageContaining("adapters must be those of the service");
            }
        }
        LoRAChatModel own = builder().build();
        own.close();
        own.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> own.chat(TEXT))
                .withMessageContaining("the model must not be closed");
    }

    @Test
    void anInterruptCancelsTheAnswer() throws Exception {
        try (LoRAChatModel model = builder().build()) {
            Thread.currentThread().interrupt();
            assertThatExceptionOfType(java.util.concurrent.CancellationException.class)
                    .isThrownBy(() -> model.chat(TEXT));
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void listenersSeeEachCall(boolean streams) throws Exception {
        List<String> seen = new ArrayList<>();
        ChatModelListener listener = new ChatModelListener() {
            @Override
            public void onResponse(ChatModelResponseContext context) {
                seen.add(context.chatResponse().modelName());
            }
        };
        try (LoRAChatModel model = builder().listeners(List.of(listener)).build()) {
            if (streams) {
                Received received = new Received();
                model.streaming().chat(request("law"), received);
                received.response();
            } else {
                model.chat(request("law"));
            }
        }
        assertThat(seen).containsExactly("law");
    }
}
