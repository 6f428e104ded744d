package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.lora4j.fixtures.JavaCommand;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.text.fixtures.TeaShop;
import org.lora4j.text.fixtures.TeaShopServer;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.ToolCallbackProvider;
import org.springframework.ai.tool.definition.ToolDefinition;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The code block of the page about MCP: a server in a process of its own, and the chat model of the repository. */
@MustEnd
class McpTest {
    /** Spring AI 2.0 has another method for the tools, which 1.1 does not have. */
    // spotless:off
    @SuppressWarnings("removal")
    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Chats {
        @Bean
        ChatClient chats(ChatModel model, ToolCallbackProvider tools) {
            List<ToolCallback> texts = Stream.of(tools.getToolCallbacks()).<ToolCallback>map(TextOf::new).toList();
            return ChatClient.builder(model).defaultToolCallbacks(texts).build();
        }

        /** A tool whose result is the text, without the JSON that Spring AI writes around it. */
        record TextOf(ToolCallback tool) implements ToolCallback {
            private static final ObjectMapper JSON = new ObjectMapper();

            @Override
            public ToolDefinition getToolDefinition() {
                return tool.getToolDefinition();
            }

            @Override
            public String call(String arguments) {
                try {
                    return String.join("\n", JSON.readTree(tool.call(arguments)).findValuesAsText("text"));
                } catch (JsonProcessingException e) {
                    throw new IllegalArgumentException("the result of a tool must be JSON", e);
                }
            }
        }
    }
    // spotless:on

    @Test
    void theModelAnswersWithTheResultOfTheServer() {
        List<String> command = JavaCommand.of(TeaShopServer.class.getName());
        ToolCallingChatOptions options =
                ToolCallingChatOptions.builder().temperature(0.0).build();
        new ApplicationContextRunner()
                .withUserConfiguration(Chats.class)
                .withPropertyValues(
                        "lora.model.path=" + TeaShop.MODEL,
                        "lora.serve.allow-base=true",
                        "lora.serve.default-adapter=__base__",
                        "spring.ai.mcp.client.stdio.connections.shop.command=" + command.get(0),
                        "spring.ai.mcp.client.stdio.connections.shop.args="
                                + String.join(",", command.subList(1, command.size())))
                .run(context -> {
                    ChatClient chats = context.getBean(ChatClient.class);
                    for (TeaShop.Trip trip : TeaShop.TRIPS) {
                        assertThat(chats.prompt(new Prompt(trip.question(), options))
                                        .call()
                                        .content())
                                .isEqualTo(trip.answer());
                    }
                });
    }
}
