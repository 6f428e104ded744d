package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingHandle;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.TokenStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.fixtures.Patience;
import org.lora4j.serve.GenerationService;
import org.lora4j.text.DecoderFolder;

/** Answers that come part by part. */
class StreamingChatTest {
    private static final int TOKENS = 12;

    @TempDir
    private Path folder;

    private DecoderFolder decoder;
    private GenerationService service;
    private LoRAChatModel model;

    @BeforeEach
    void open() throws IOException {
        Path tiny = SmallFolders.decoder(folder.resolve("tiny"));
        SmallFolders.decoderAdapter(tiny, folder.resolve("support"), 1);
        decoder = DecoderFolder.open(tiny);
        LoRAModel adapted = LoRAModel.of(decoder.network());
        adapted.load("support", folder.resolve("support"));
        service = GenerationService.builder(adapted).allowBase(true).build();
        model = LoRAChatModel.builder(decoder)
                .service(service)
                .temperature(0)
                .maxOutputTokens(TOKENS)
                .build();
    }

    @AfterEach
    void close() {
        service.close();
        decoder.close();
    }

    /** A model that is closed with its generations. */
    private LoRAChatModel own() throws IOException {
        return LoRAChatModel.builder(folder.resolve("tiny"))
                .temperature(0)
                .maxOutputTokens(TOKENS)
                .build();
    }

    private static ChatRequest request(String modelName) {
        return ChatRequest.builder()
                .messages(UserMessage.from("where"))
                .modelName(modelName)
                .build();
    }

    @Test
    void thePartsAreTheAnswer() throws Exception {
        List<Received> all = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Received received = new Received();
            model.streaming().chat(request(i % 2 == 0 ? "tiny" : "support"), received);
            all.add(received);
        }
        for (int i = 0; i < all.size(); i++) {
            ChatResponse expected = model.chat(request(i % 2 == 0 ? "tiny" : "support"));
            Received received = all.get(i);
            ChatResponse response = received.response();
            assertThat(response.aiMessage()).isEqualTo(expected.aiMessage());
            assertThat(response.tokenUsage()).isEqualTo(expected.tokenUsage());
            assertThat(response.finishReason()).isEqualTo(expected.finishReason());
            assertThat(String.join("", received.parts()))
                    .isEqualTo(expected.aiMessage().text());
            assertThat(received.parts()).hasSizeGreaterThan(5).doesNotContain("");
            assertThat(received.errors()).isEmpty();
            assertThat(received.threads()).hasSize(1).doesNotContain(Thread.currentThread());
        }
    }

    /** What {@code AiServices} builds a service of. */
    interface Helper {
        String help(String question);
    }

    /** What it builds one that streams of. */
    interface StreamingHelper {
        TokenStream help(String question);
    }

    @Test
    void bothModelsMakeAnAiService() throws Exception {
        String expected = model.chat("where");
        assertThat(AiServices.create(Helper.class, model).help("where")).isEqualTo(expected);
        CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
        AiServices.create(StreamingHelper.class, model.streaming())
                .help("where")
                .onPartialResponse(part -> {})
                .onCompleteResponse(whole::complete)
                .onError(whole::completeExceptionally)
                .start();
        assertThat(Patience.get(whole).aiMessage().text()).isEqualTo(expected);
    }

    @Test
    void failuresGoToTheHandler() throws Exception {
        Received unknown = new Received();
        model.streaming().chat(request("suport"), unknown);
        assertThat(unknown.error())
                .isInstanceOf(ModelNotFoundException.class)
                .hasMessage("there is no adapter 'suport'");
        Received tooLong = new Received();
        model.streaming().chat("a".repeat(60), tooLong);
        assertThat(tooLong.error()).isInstanceOf(InvalidRequestException.class);
        service.close();
        Received closed = new Received();
        model.streaming().chat(request("tiny"), closed);
        assertThat(closed.error()).isInstanceOf(IllegalStateException.class).hasMessageContaining("must not be closed");
        assertThat(unknown.calls() + tooLong.calls() + closed.calls()).isEqualTo(3);
    }

    @Test
    void aCancelledAnswerCallsNobody() throws Exception {
        CompletableFuture<StreamingHandle> cancelled = new CompletableFuture<>();
        Received received = new Received() {
            @Override
            public void onPartialResponse(PartialResponse part, PartialResponseContext context) {
                super.onPartialResponse(part, context);
                if (parts().size() == 3) {
                    context.streamingHandle().cancel();
                    context.streamingHandle().cancel();
                    cancelled.complete(context.streamingHandle());
                }
            }
        };
        LoRAChatModel own = own();
        own.streaming().chat(request("tiny"), received);
        assertThat(Patience.get(cancelled).isCancelled()).isTrue();
        // Waits until all generations and all calls of handlers have ended.
        own.close();
        assertThat(received.calls()).isEqualTo(3);
    }

    @Test
    @Tag("slow")
    void closingWaitsForAHandlerThatIsSlow() throws Exception {
        LoRAChatModel own = own();
        Received slow = new Received() {
            @Override
            public void onPartialResponse(PartialResponse part, PartialResponseContext context) {
                super.onPartialResponse(part, context);
                try {
                    Thread.sleep(20);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        };
        own.streaming().chat(request("tiny"), slow);
        own.close();
        assertThat(slow.isWhole()).isTrue();
        assertThat(slow.errors()).isEmpty();
        assertThat(slow.response().aiMessage())
                .isEqualTo(model.chat(request("tiny")).aiMessage());
    }

    @Test
    void aHandlerCanCloseTheModel() throws Exception {
        LoRAChatModel own = own();
        Received closing = new Received() {
            @Override
            public void onCompleteResponse(ChatResponse whole) {
                own.close();
                super.onCompleteResponse(whole);
            }
        };
        own.streaming().chat(request("tiny"), closing);
        assertThat(closing.response().aiMessage())
                .isEqualTo(model.chat(request("tiny")).aiMessage());
    }

    /** There may be no native thread for a stream. */
    @Test
    void aStreamWithoutAThreadDoesNotKeepTheModelOpen() throws IOException {
        LoRAChatModel own = LoRAChatModel.builder(folder.resolve("tiny"))
                .executor(task -> {
                    throw new OutOfMemoryError("unable to create native thread");
                })
                .build();
        assertThatExceptionOfType(OutOfMemoryError.class)
                .isThrownBy(() -> own.streaming().chat(request("tiny"), new Received()));
        own.close();
    }

    @Test
    void whatAHandlerThrowsGoesToItsOnErrorAndTheAnswerGoesOn() throws Exception {
        RuntimeException fault = new IllegalStateException("a fault of the handler");
        Received received = new Received() {
            @Override
            public void onPartialResponse(PartialResponse part, PartialResponseContext context) {
                super.onPartialResponse(part, context);
                throw fault;
            }

            @Override
            public void onError(Throwable failure) {
                super.onError(failure);
                throw new IllegalStateException("ignored");
            }
        };
        model.streaming().chat(request("tiny"), received);
        assertThat(received.response().aiMessage())
                .isEqualTo(model.chat(request("tiny")).aiMessage());
        assertThat(received.errors()).hasSameSizeAs(received.parts()).containsOnly(fault);
    }

    @Test
    @SuppressWarnings("NullAway") // passes null on purpose
    void aHandlerIsNeeded() {
        assertThatNullPointerException()
                .isThrownBy(() -> model.streaming().doChat(request("tiny"), null))
                .withMessage("handler must not be null");
    }
}
