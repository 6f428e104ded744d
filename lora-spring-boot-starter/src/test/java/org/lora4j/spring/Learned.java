package org.lora4j.spring;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.lora4j.fixtures.LearnedChats;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.tools.Tool;
import org.lora4j.train.Batch;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Small models that have learned conversations by heart. */
final class Learned {
    private Learned() {}

    /** Writes the folder of one. It learns the messages of the assistant. */
    static Path write(Path folder, List<Conversation> conversations) throws IOException {
        return LearnedChats.write(folder, one -> batch(one, conversations));
    }

    private static Batch batch(Path folder, List<Conversation> conversations) throws IOException {
        try (DecoderFolder opened = DecoderFolder.open(folder)) {
            DecoderTokens tokens = opened.tokens();
            return TokenExample.batch(
                    conversations.stream().map(tokens::conversation).toList());
        }
    }

    /** A tool as the conversations have it: the template shows its name alone. */
    static Tool tool(String name) {
        return Tool.of(name, "", "{\"type\": \"object\"}");
    }

    static void run(Path folder, Consumer<ChatModel> test) {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(LoRAAutoConfiguration.class, LoRAAiAutoConfiguration.class))
                .withPropertyValues("lora.model.path=" + folder, "lora.serve.allow-base=true")
                .run(context -> test.accept(context.getBean(ChatModel.class)));
    }
}
