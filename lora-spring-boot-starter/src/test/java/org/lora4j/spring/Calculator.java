package org.lora4j.spring;

import java.util.ArrayList;
import java.util.List;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.support.ToolCallbacks;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.annotation.Tool;
import org.springframework.ai.tool.annotation.ToolParam;

/** Methods that a model calls, and which of them it called. */
final class Calculator {
    private final List<String> called = new ArrayList<>();

    @Tool(description = "adds two numbers")
    int add(@ToolParam(description = "the first number") int a, @ToolParam(description = "the second number") int b) {
        called.add("add " + a + " " + b);
        return a + b;
    }

    @Tool(description = "tells the weather of a city")
    String weather(@ToolParam(description = "the name of the city") String city) {
        called.add("weather " + city);
        return "sun";
    }

    @Tool(description = "adds two numbers, and its result is the answer", returnDirect = true)
    int sum(@ToolParam(description = "the first number") int a, @ToolParam(description = "the second number") int b) {
        return a + b;
    }

    /** The calls so far. */
    List<String> called() {
        return called;
    }

    /** In an order of their own. */
    ToolCallback[] callbacks(String... names) {
        List<ToolCallback> all = List.of(ToolCallbacks.from(this));
        return List.of(names).stream()
                .map(name -> all.stream()
                        .filter(one -> one.getToolDefinition().name().equals(name))
                        .findFirst()
                        .orElseThrow())
                .toArray(ToolCallback[]::new);
    }

    /** A client with tools. Spring AI 2.0 has another method for it, which 1.1 does not have. */
    @SuppressWarnings("removal")
    ChatClient.Builder client(ChatModel model, String... tools) {
        return ChatClient.builder(model).defaultToolCallbacks(callbacks(tools));
    }
}
