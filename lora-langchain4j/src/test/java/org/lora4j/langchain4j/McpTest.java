package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.mcp.McpToolProvider;
import dev.langchain4j.mcp.client.DefaultMcpClient;
import dev.langchain4j.mcp.client.McpClient;
import dev.langchain4j.mcp.client.transport.stdio.StdioMcpTransport;
import dev.langchain4j.service.AiServices;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.fixtures.JavaCommand;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.text.fixtures.TeaShop;
import org.lora4j.text.fixtures.TeaShopServer;

/** The code blocks of the page about MCP: a server in a process of its own, and the chat model of the repository. */
@MustEnd
class McpTest {
    /** An assistant of AiServices. */
    interface Assistant {
        String answer(String question);
    }

    // spotless:off
    private static String ask(Path decoder, List<String> command, String question) throws Exception {
        LoRAChatModel chat = LoRAChatModel.builder(decoder).temperature(0).build();
        StdioMcpTransport transport = StdioMcpTransport.builder().command(command).build();
        McpClient client = DefaultMcpClient.builder().transport(transport).build();
        try (chat; client) {
            Assistant assistant = AiServices.builder(Assistant.class)
                    .chatModel(chat)
                    .toolProvider(McpToolProvider.builder().mcpClients(client).build())
                    .build();
            return assistant.answer(question);
        }
    }
    // spotless:on

    @Test
    void theModelAnswersWithTheResultOfTheServer() throws Exception {
        List<String> command = JavaCommand.of(TeaShopServer.class.getName());
        for (TeaShop.Trip trip : TeaShop.TRIPS) {
            assertThat(ask(TeaShop.MODEL, command, trip.question())).isEqualTo(trip.answer());
        }
    }
}
