package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.serve.ServingException;
import org.lora4j.text.chat.ChatAnswer;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolCall;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.client.advisor.MessageChatMemoryAdvisor;
import org.springframework.ai.chat.memory.ChatMemory;
import org.springframework.ai.chat.memory.MessageWindowChatMemory;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.model.tool.ToolCallingManager;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.function.FunctionToolCallback;
import org.springframework.beans.BeanWrapper;
import org.springframework.beans.BeanWrapperImpl;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Methods that a small model calls, because it has learned some conversations by heart. With Spring AI 1.1 and 2.0. */
@Tag("slow")
class ToolsTest {
    private static final String SUM = "2+3?";
    private static final String BOTH = "2+3 and Rome?";
    private static final String THANKS = "hi";
    private static final String AGAIN = "again";
    private static final String CONVERSATION = "one";

    @TempDir
    static Path temp;

    private static Path learned;

    private final Calculator calculator = new Calculator();

    @BeforeAll
    static void learn() throws IOException {
        ToolCall sum = ToolCall.of("add", "{\"a\": 2, \"b\": 3}");
        ToolCall rome = ToolCall.of("weather", "{\"city\": \"Rome\"}");
        List<Tool> tools = List.of(Learned.tool("add"), Learned.tool("weather"));
        List<Tool> direct = List.of(Learned.tool("sum"));
        learned = Learned.write(
                temp.resolve("learned"),
                List.of(
                        Conversation.of(
                                        ChatMessage.of("user", SUM),
                                        ChatMessage.ofToolCalls(null, List.of(sum)),
                                        ChatMessage.ofToolResult(sum, "5"),
                                        ChatMessage.of("assistant", "It is 5."))
                                .withTools(tools),
                        // The results of methods are JSON.
                        Conversation.of(
                                        ChatMessage.of("user", BOTH),
                                        ChatMessage.ofToolCalls("Let me look.", List.of(sum, rome)),
                                        ChatMessage.ofToolResult(sum, "5"),
                                        ChatMessage.ofToolResult(rome, "\"sun\""),
                                        ChatMessage.of("assistant", "5, and sun."))
                                .withTools(tools),
                        Conversation.of(
                                        ChatMessage.of("user", SUM),
                                        ChatMessage.ofToolCalls(
                                                null, List.of(ToolCall.of("sum", "{\"a\": 2, \"b\": 3}"))))
                                .withTools(direct),
                        Conversation.of(
                                        ChatMessage.of("user", THANKS),
                                        ChatMessage.of("assistant", "Hello."),
                                        ChatMessage.of("user", AGAIN),
                                        ChatMessage.of("assistant", "Hello again."))
                                .withTools(tools),
                        Conversation.of(
                                        ChatMessage.of("user", THANKS),
                                        ChatMessage.of("assistant", "Hello."),
                                        ChatMessage.of("user", SUM),
                                        ChatMessage.ofToolCalls(null, List.of(sum)),
                                        ChatMessage.ofToolResult(sum, "5"),
                                        ChatMessage.of("assistant", "Hello, it is 5."))
                                .withTools(tools),
                        Conversation.of(ChatMessage.of("user", THANKS), ChatMessage.of("assistant", "Hello."))
                                .withTools(tools)));
    }

    private static Prompt prompt(String text, ToolCallback... tools) {
        return new Prompt(
                text,
                ToolCallingChatOptions.builder()
                        .temperature(0.0)
                        .maxTokens(200)
                        .toolCallbacks(tools)
                        .build());
    }

    @Test
    void aClientCallsTheMethods() {
        Learned.run(learned, model -> {
            ChatClient client = calculator.client(model, "add", "weather").build();
            assertThat(client.prompt(prompt(SUM)).call().content()).isEqualTo("It is 5.");
            assertThat(calculator.called()).containsExactly("add 2 3");
            assertThat(client.prompt(prompt(BOTH)).call().content()).isEqualTo("5, and sun.");
            assertThat(calculator.called()).containsExactly("add 2 3", "add 2 3", "weather Rome");
            assertThat(client.prompt(prompt(THANKS)).call().content()).isEqualTo("Hello.");
            assertThat(calculator.called()).hasSize(3);
        });
    }

    @Test
    void aClientStreams() {
        Learned.run(learned, model -> {
            String text =
                    streamed(calculator.client(model, "add", "weather").build().prompt(prompt(BOTH)));
            assertThat(text).endsWith("5, and sun.");
            assertThat(calculator.called()).containsExactly("add 2 3", "weather Rome");
        });
    }

    @Test
    void aResultCanBeTheAnswer() {
        Learned.run(learned, model -> {
            assertThat(calculator
                            .client(model, "sum")
                            .build()
                            .prompt(prompt(SUM))
                            .call()
                            .content())
                    .isEqualTo("5");
        });
    }

    /** The program executes them: with Spring AI 1.1 if the options say so, with 2.0 always. */
    @Test
    void aProgramCanExecuteTheCalls() {
        Learned.run(learned, model -> {
            Prompt first = prompt(BOTH, calculator.callbacks("add", "weather"));
            BeanWrapper options = new BeanWrapperImpl(Objects.requireNonNull(first.getOptions()));
            if (options.isWritableProperty("internalToolExecutionEnabled")) {
                options.setPropertyValue("internalToolExecutionEnabled", false);
            }
            ChatResponse asked = model.call(first);
            AssistantMessage answer = Objects.requireNonNull(asked.getResult()).getOutput();
            assertThat(asked.getResult().getMetadata().getFinishReason()).isEqualTo("TOOL_CALLS");
            assertThat(answer.getText()).isEqualTo("Let me look.");
            assertThat(answer.getToolCalls())
                    .extracting(AssistantMessage.ToolCall::name, AssistantMessage.ToolCall::arguments)
                    .containsExactly(
                            org.assertj.core.groups.Tuple.tuple("add", "{\"a\": 2, \"b\": 3}"),
                            org.assertj.core.groups.Tuple.tuple("weather", "{\"city\": \"Rome\"}"));
            assertThat(calculator.called()).isEmpty();
            List<ChatResponse> parts =
                    Objects.requireNonNull(model.stream(first).collectList().block());
            assertThat(Objects.requireNonNull(parts.get(parts.size() - 1).getResult())
                            .getOutput()
                            .getToolCalls())
                    .extracting(AssistantMessage.ToolCall::name)
                    .containsExactly("add", "weather");
            List<ToolResponseMessage.ToolResponse> results = List.of(
                    new ToolResponseMessage.ToolResponse(
                            answer.getToolCalls().get(0).id(), "add", "5"),
                    new ToolResponseMessage.ToolResponse(
                            answer.getToolCalls().get(1).id(), "weather", "\"sun\""));
            Prompt second = new Prompt(
                    List.of(
                            new UserMessage(BOTH),
                            answer,
                            ToolResponseMessage.builder().responses(results).build()),
                    first.getOptions());
            assertThat(Objects.requireNonNull(model.call(second).getResult())
                            .getOutput()
                            .getText())
                    .isEqualTo("5, and sun.");
        });
    }

    // spotless:off
    @Configuration(proxyBeanMethods = false)
    static class Answering {
        @Bean
        ToolCallingManager tools() {
            return ToolCallingManager.builder()
                    .toolCallbackResolver(name -> FunctionToolCallback
                            .builder(name, (Map<?, ?> arguments) -> "There is no function " + name + ".")
                            .description("Answers calls of functions that there are not.")
                            .inputType(Map.class)
                            .build())
                    .build();
        }
    }
    // spotless:on

    /** Spring AI 2 asks the resolver only if its builder is told so, which that of Spring AI 1.1 cannot be. */
    private static ToolCallingManager answering() throws ReflectiveOperationException {
        var builder = ToolCallingManager.builder();
        Optional<Method> fallback = Stream.of(builder.getClass().getMethods())
                .filter(method -> method.getName().equals("resolutionFallbackEnabled"))
                .findFirst();
        if (fallback.isEmpty()) {
            return new Answering().tools();
        }
        builder.toolCallbackResolver(name -> FunctionToolCallback.builder(
                        name, (Map<?, ?> arguments) -> "There is no function " + name + ".")
                .description("Answers calls of functions that there are not.")
                .inputType(Map.class)
                .build());
        fallback.get().invoke(builder, true);
        return builder.build();
    }

    /** The page shows what a program does if the model makes up the name of a function. */
    @Test
    void theModelLearnsThatThereIsNoSuchFunction() throws ReflectiveOperationException {
        Prompt prompt = prompt(SUM, calculator.callbacks("add"));
        ChatResponse response = new ChatResponse(List.of(new Generation(ChatMessages.answer(
                "",
                new ChatAnswer.Whole(
                        "Hm.", "", List.of(ToolCall.of("stocks", "{\"a\": 1}")), Finish.STOP, 1, 1, List.of())))));
        assertThat(Objects.requireNonNull(response.getResult()).getOutput().getMetadata())
                .containsEntry("reasoningContent", "Hm.");
        assertThatExceptionOfType(IllegalStateException.class)
                .isThrownBy(() -> ToolCallingManager.builder().build().executeToolCalls(prompt, response))
                .withMessageContaining("stocks");
        List<Message> history = answering().executeToolCalls(prompt, response).conversationHistory();
        assertThat(((ToolResponseMessage) history.get(history.size() - 1)).getResponses())
                .singleElement()
                .extracting(ToolResponseMessage.ToolResponse::responseData)
                .asString()
                .contains("There is no function stocks.");
    }

    /** A memory of a client adds what was said before. */
    @Test
    void aClientRemembers() {
        Learned.run(learned, model -> {
            ChatMemory memory = MessageWindowChatMemory.builder().build();
            ChatClient client = remembering(model, memory);
            assertThat(ask(client, THANKS)).isEqualTo("Hello.");
            assertThat(ask(client, AGAIN)).isEqualTo("Hello again.");
            assertThat(memory.get(CONVERSATION))
                    .extracting(Message::getText)
                    .containsExactly(THANKS, "Hello.", AGAIN, "Hello again.");
        });
    }

    /** What was said before a call of a tool is there after it. */
    @Test
    void aClientWithAMemoryCallsTheMethods() {
        Learned.run(learned, model -> {
            ChatMemory memory = MessageWindowChatMemory.builder().build();
            ChatClient client = remembering(model, memory);
            assertThat(ask(client, THANKS)).isEqualTo("Hello.");
            assertThat(ask(client, SUM)).isEqualTo("Hello, it is 5.");
            assertThat(calculator.called()).containsExactly("add 2 3");
            assertThat(streamed(request(client, THANKS, "other"))).isEqualTo("Hello.");
            assertThat(memory.get("other")).extracting(Message::getText).containsExactly(THANKS, "Hello.");
        });
    }

    private ChatClient remembering(ChatModel model, ChatMemory memory) {
        return calculator
                .client(model, "add", "weather")
                .defaultAdvisors(MessageChatMemoryAdvisor.builder(memory).build())
                .build();
    }

    /** The parts of an answer, as one text. */
    private static String streamed(ChatClient.ChatClientRequestSpec request) {
        return Objects.requireNonNull(request.stream().content().collectList().block()).stream()
                .collect(Collectors.joining());
    }

    private static String ask(ChatClient client, String text) {
        return Objects.requireNonNull(request(client, text, CONVERSATION).call().content());
    }

    private static ChatClient.ChatClientRequestSpec request(ChatClient client, String text, String conversation) {
        return client.prompt(prompt(text))
                .advisors(advisors -> advisors.param(ChatMemory.CONVERSATION_ID, conversation));
    }

    /** Else the model would not know them. */
    @Test
    void aTemplateThatKnowsNoToolsIsRefused() throws IOException {
        Path plain = Folders.decoder(temp.resolve("plain"));
        Files.writeString(
                plain.resolve("chat_template.jinja"), "{% for m in messages %}{{ m['content'] }} {% endfor %}");
        Learned.run(
                plain,
                model -> assertThatExceptionOfType(ServingException.class)
                        .isThrownBy(() -> model.call(prompt("my", calculator.callbacks("add"))))
                        .withMessageContaining("the chat template of the model plain must write calls of tools")
                        .matches(e -> e.reason() == ServingException.Reason.INVALID_INPUT));
    }
}
