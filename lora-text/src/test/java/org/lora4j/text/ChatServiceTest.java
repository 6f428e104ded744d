package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.Patience;
import org.lora4j.generate.Generation;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.Generator;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.text.chat.ChatAnswer;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.tools.AnswerPart;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolAnswer;
import org.lora4j.text.tools.ToolCall;
import org.lora4j.text.tools.ToolFormat;

/** Answers of a small decoder. */
class ChatServiceTest {
    private static final GenerationOptions SIX = GenerationOptions.greedy().withMaxTokens(6);

    @TempDir
    private Path folder;

    private DecoderFolder decoder;
    private LoRAModel model;
    private GenerationService service;
    private ChatService chats;

    @BeforeEach
    void open() throws IOException, URISyntaxException {
        GoldenDecoder.write(folder, EncoderFolderTest.TOKENIZER);
        decoder = DecoderFolder.open(folder);
        model = LoRAModel.of(decoder.network());
        service = GenerationService.builder(model).allowBase(true).build();
        chats = chats("{% for m in messages %}{{ m['content'] }} {% endfor %}");
    }

    private ChatService chats(String template) {
        return ChatService.of(decoder, ChatTemplate.of(template, Map.of()), service);
    }

    @AfterEach
    void close() {
        service.close();
        decoder.close();
    }

    private static ChatAnswer start(ChatService chats, String content, GenerationOptions options, String... stops) {
        Conversation conversation = Conversation.of(ChatMessage.of("user", content));
        return chats.start(LoRAModel.BASE, conversation, options, List.of(stops), RequestOptions.defaults());
    }

    private Generation direct() {
        int[] prompt = decoder.tokenizer().encodeRendered("a b ").ids();
        int[] ends = decoder.endIds().stream().mapToInt(Integer::intValue).toArray();
        return Generator.of(model.base()).generate(prompt, SIX.withStopIds(ends));
    }

    @Test
    void theAnswerHasTheTokensOfTheGenerator() {
        Generation expected = direct();
        List<String> parts = new ArrayList<>();
        ChatAnswer.Whole whole = start(chats, "a b", SIX).read(parts::add).orElseThrow();
        assertThat(whole)
                .isEqualTo(new ChatAnswer.Whole(
                        decoder.tokenizer().decode(expected.ids()),
                        expected.finish(),
                        expected.promptTokens(),
                        expected.newTokens().size()));
        assertThat(String.join("", parts)).isEqualTo(whole.text());
    }

    @Test
    void anAnswerHasTheLogProbabilitiesOfItsTokens() {
        List<Integer> expected = direct().newTokens();
        ChatAnswer.Whole whole = start(chats, "a b", SIX.withLogProbabilities(2))
                .read(part -> {})
                .orElseThrow();
        assertThat(whole.logProbabilities())
                .extracting(step -> step.chosen().id())
                .isEqualTo(expected);
        String text = decoder.tokenizer().decode(direct().ids());
        String stop = text.substring(text.length() / 2, text.length() / 2 + 1);
        ChatAnswer.Whole cut = start(chats, "a b", SIX.withLogProbabilities(0), stop)
                .read(part -> {})
                .orElseThrow();
        assertThat(cut.text()).isEqualTo(text.substring(0, text.indexOf(stop)));
        assertThat(cut.logProbabilities()).hasSize(cut.tokens());
    }

    @Test
    void theConditionOfTheOptionsStillEndsIt() {
        GenerationOptions two = SIX.withStopWhen(tokens -> tokens.size() == 2);
        ChatAnswer.Whole whole = start(chats, "a b", two).read(part -> {}).orElseThrow();
        assertThat(whole.tokens()).isEqualTo(2);
        assertThat(whole.finish()).isEqualTo(Generation.Finish.STOP);
    }

    @Test
    void itHasAsManyTokensAsThereArePositionsFor() {
        GenerationOptions many = GenerationOptions.greedy().withMaxTokens(10_000);
        assertThat(start(chats, "a b", many).read(part -> {}).orElseThrow().tokens())
                .isEqualTo(start(chats, "a b", GenerationOptions.greedy())
                        .read(part -> {})
                        .orElseThrow()
                        .tokens())
                .isBetween(1, decoder.maxLength());
    }

    @Test
    void aCancelledAnswerIsEmpty() {
        ChatAnswer answer = start(chats, "a b", SIX);
        answer.cancel();
        assertThat(answer.read(part -> {})).isEmpty();
        assertThat(answer.isCancelled()).isTrue();
    }

    /** Every token of this model is a whole call. */
    private void openWithCalls(String call) throws IOException {
        close();
        String vocabulary = IntStream.range(0, 300)
                .mapToObj(id -> "\"" + call.replace("\"", "\\\"") + " ".repeat(id) + "\":" + id)
                .collect(Collectors.joining(","));
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":null,
                 "post_processor":null,"decoder":null,
                 "model":{"type":"WordLevel","unk_token":"%s","vocab":{%s}}}
                """.formatted(call.replace("\"", "\\\""), vocabulary));
        decoder = DecoderFolder.open(folder);
        model = LoRAModel.of(decoder.network());
        service = GenerationService.builder(model).allowBase(true).build();
    }

    @Test
    void theAnswerToAConversationWithToolsHasCalls() throws IOException {
        String call = "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1}}</tool_call>";
        openWithCalls(call);
        Conversation plain = Conversation.of(ChatMessage.of("user", "a"));
        Conversation withTools = plain.withTools(List.of(Tool.of("f", "", "{\"type\": \"object\"}")));
        GenerationOptions two = GenerationOptions.greedy().withMaxTokens(2);
        String template = "{{ tools | tojson }}{{ messages[0].content }}";
        ChatService known = chats(template + "{# <tool_call> #}");
        List<AnswerPart> parts = new ArrayList<>();
        ChatAnswer.Whole whole = known.start(LoRAModel.BASE, withTools, two, List.of(), RequestOptions.defaults())
                .readParts(parts::add)
                .orElseThrow();
        ToolCall expected = ToolCall.of("f", "{\"a\": 1}");
        assertThat(whole.toolCalls()).containsExactly(expected, expected);
        assertThat(whole.text()).isEmpty();
        assertThat(ToolAnswer.of(parts).calls()).isEqualTo(whole.toolCalls());
        assertThat(parts)
                .startsWith(
                        new AnswerPart.CallBegins(0, "f"),
                        new AnswerPart.Arguments(0, "{\"a\": 1}"),
                        new AnswerPart.CallEnds(0, expected));
        List<String> texts = new ArrayList<>();
        assertThat(known.start(LoRAModel.BASE, withTools, two, List.of("</tool_call>"), RequestOptions.defaults())
                        .read(texts::add)
                        .orElseThrow()
                        .toolCalls())
                .containsExactly(expected);
        assertThat(texts).isEmpty();

        // Without tools it is text, unless the program says how calls are written.
        assertThat(known.start(LoRAModel.BASE, plain, two, List.of(), RequestOptions.defaults())
                        .read(part -> {})
                        .orElseThrow())
                .matches(answer -> answer.toolCalls().isEmpty() && answer.text().startsWith(call));
        ChatService unknown = chats(template);
        assertThat(unknown.withToolFormat(ToolFormat.HERMES)
                        .start(LoRAModel.BASE, plain, two, List.of(), RequestOptions.defaults())
                        .read(part -> {})
                        .orElseThrow()
                        .toolCalls())
                .hasSize(2);
        ChatService ignoring = chats("{{ messages[0].content }}{# <tool_call> #}");
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> ignoring.start(LoRAModel.BASE, withTools, two, List.of(), RequestOptions.defaults()))
                .withMessageStartingWith(
                        "the template must write the tools and their calls, found a text without the function f")
                .matches(e -> e.reason() == Reason.INVALID_INPUT);
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> unknown.start(LoRAModel.BASE, withTools, two, List.of(), RequestOptions.defaults()))
                .withMessage("the chat template of the model " + decoder.name()
                        + " must write calls of tools in a form that is known, found none of "
                        + List.of(ToolFormat.values())
                        + "; leave out the tools, or use a model whose template knows them")
                .matches(e -> e.reason() == Reason.INVALID_INPUT);
    }

    // spotless:off
    /** The program of the page. */
    @Test
    void aProgramAnswersTheCalls() throws IOException {
        openWithCalls("<tool_call>{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}</tool_call>");
        model.add("support", LoRAConfig.of(1, 1));
        chats = chats("{{ tools | tojson }}{{ messages | length }}{# <tool_call> #}");
        GenerationOptions greedy = GenerationOptions.greedy().withMaxTokens(1);

        Tool weather = Tool.of("weather", "The weather in a city.", """
                {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}""");
        Conversation question = Conversation.of(ChatMessage.of("user", "Is it warm in Oslo?")).withTools(List.of(weather));
        ChatAnswer.Whole answer = chats.start("support", question, greedy, List.of(), RequestOptions.defaults())
                .read(part -> {})
                .orElseThrow();
        List<ChatMessage> messages = new ArrayList<>(question.messages());
        messages.add(ChatMessage.ofToolCalls(answer.text(), answer.toolCalls()));
        for (ToolCall call : answer.toolCalls()) {
            messages.add(ChatMessage.ofToolResult(call, "22 degrees in " + call.argumentMap().get("city")));
        }
        Conversation next = new Conversation(messages, question.tools());

        assertThat(next.messages().get(2).content()).isEqualTo("22 degrees in Oslo");
        assertThat(next.messages()).hasSize(3);
    }
    // spotless:on

    /** Some bytes, as many as this model has tokens for. */
    private void openWithBytes() throws IOException {
        close();
        String level = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":false,\"use_regex\":false}";
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":%1$s,
                 "post_processor":%1$s,"decoder":%1$s,
                 "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
                  "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,
                  "vocab":{"\\"":3,"a":4,"e":5,"i":6,"j":7,"n":8,"x":9},"merges":[]}}
                """.formatted(level));
        decoder = DecoderFolder.open(folder);
        model = LoRAModel.of(decoder.network());
        service = GenerationService.builder(model).allowBase(true).build();
        chats = chats("{{ messages[0].content }}");
    }

    private ChatAnswer startJson(String schema, int tokens, RequestOptions urgency) {
        return chats.startJson(
                LoRAModel.BASE,
                Conversation.of(ChatMessage.of("user", "a")),
                schema,
                GenerationOptions.greedy().withMaxTokens(tokens),
                List.of(),
                urgency);
    }

    /** As the server does it: what cannot begin is not kept, and nobody compiles for longer than a request has time. */
    @Test
    void theSchemaOfAnAnswerIsBoundByItsTokensAndItsTime() throws IOException {
        openWithBytes();
        assertThat(startJson("{\"const\": \"ja\"}", 10, RequestOptions.defaults())
                        .read(part -> {})
                        .orElseThrow()
                        .text())
                .isEqualTo("\"ja\"");
        long before = decoder.grammars().bytes();
        assertThat(before).isPositive();
        String large = "{\"const\": \"" + "x".repeat(10_000) + "\"}";
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> startJson(large, 10, RequestOptions.defaults()))
                .withMessageContaining("maxTokens must be at least 10002")
                .matches(e -> e.reason() == Reason.INVALID_INPUT);
        assertThat(decoder.grammars().bytes()).isEqualTo(before);
        RequestOptions soon = RequestOptions.defaults().withTimeout(Duration.ofNanos(1));
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> startJson("{\"const\": \"nein\"}", 10, soon))
                .matches(e -> e.reason() == Reason.LATE);
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> startJson("{\"uniqueItems\": true}", 10, RequestOptions.defaults()))
                .withMessageContaining("uniqueItems")
                .matches(e -> e.reason() == Reason.INVALID_INPUT);
    }

    /** Before the template writes it. */
    @Test
    void aConversationOfTooManyCharactersIsRefusedBeforeItIsWritten() {
        ChatService never = chats("{{ raise_exception('written') }}");
        long most = decoder.maxCharacters();
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> start(never, "a".repeat((int) most + 1), SIX))
                .withMessageStartingWith("the prompt must have at most " + most + " characters, the 64 positions of the"
                        + " model times the " + most / 64 + " characters of its longest token, found " + (most + 1))
                .matches(e -> e.reason() == Reason.INVALID_INPUT);
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> start(never, "a".repeat((int) most), SIX))
                .withMessageContaining("written");
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> start(
                        chats("{% for m in messages %}{{ m['content'] }} {{ m['content'] }}{% endfor %}"),
                        "a".repeat((int) most),
                        SIX))
                .withMessageContaining("found " + (2 * most + 1));
    }

    /** However many long texts another adapter has. */
    @Test
    void theTextsOfOneAdapterLeaveAThreadToOthers() throws Exception {
        int threads = Runtime.getRuntime().availableProcessors() + 2;
        CountDownLatch end = new CountDownLatch(1);
        ExecutorService flood = Executors.newFixedThreadPool(threads);
        try {
            for (int i = 0; i < threads; i++) {
                Future<?> unused =
                        flood.submit(() -> decoder.textLimiter().run("flood", 1, RequestOptions.defaults(), () -> {
                            try {
                                end.await();
                                return true;
                            } catch (InterruptedException e) {
                                return false;
                            }
                        }));
            }
            // As many run as there are processors.
            Patience.await(() -> decoder.textLimiter().waiting() == 2);
            RequestOptions soon = RequestOptions.defaults().withTimeout(Patience.LIMIT);
            assertThat(decoder.textLimiter().<Integer>run("small", 1, soon, () -> 1))
                    .isOne();
        } finally {
            end.countDown();
            flood.shutdown();
        }
    }

    /** The time begins with the request, not with the generation. */
    @Test
    void theTimeCoversTheWaitForTheTokens() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        int threads = Runtime.getRuntime().availableProcessors() + 1;
        CountDownLatch begun = new CountDownLatch(threads);
        ExecutorService others = Executors.newFixedThreadPool(threads);
        try {
            for (int i = 0; i < threads; i++) {
                String other = "other " + i;
                Future<?> unused =
                        others.submit(() -> decoder.textLimiter().run(other, 1, RequestOptions.defaults(), () -> {
                            begun.countDown();
                            try {
                                end.await();
                                return true;
                            } catch (InterruptedException e) {
                                return false;
                            }
                        }));
            }
            begun.await();
            RequestOptions soon = RequestOptions.defaults().withTimeout(Duration.ofMillis(50));
            Conversation conversation = Conversation.of(ChatMessage.of("user", "a b"));
            assertThatExceptionOfType(ServingException.class)
                    .isThrownBy(() -> chats.start(LoRAModel.BASE, conversation, SIX, List.of(), soon))
                    .matches(e -> e.reason() == Reason.LATE);
        } finally {
            end.countDown();
            others.shutdown();
        }
    }

    @Test
    void whatTheConversationDoesWrongIsForTheClient() {
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> start(chats, "a ".repeat(70), SIX))
                .withMessage(
                        "the prompt must have 1 to 64 tokens, as many as the model has positions for, found 70; shorten"
                                + " the text, or leave out older messages")
                .matches(e -> e.reason() == Reason.INVALID_INPUT);
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> start(chats("{{ raise_exception('no \t user') }}"), "a", SIX))
                .withMessageContaining("no \uFFFD user")
                .matches(e -> e.reason() == Reason.INVALID_INPUT);
        decoder.close();
        assertThatExceptionOfType(ServingException.class)
                .isThrownBy(() -> start(chats, "a", SIX))
                .matches(e -> e.reason() == Reason.CLOSED);
    }
}
