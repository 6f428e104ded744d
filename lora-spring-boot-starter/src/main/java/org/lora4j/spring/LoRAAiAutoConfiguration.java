package org.lora4j.spring;

import java.io.IOException;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Network;
import org.lora4j.serve.GenerationService;
import org.lora4j.text.ChatService;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextService;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.model.tool.ToolCallingManager;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;

/**
 * Creates the models of Spring AI, if the program has it: an {@link EmbeddingModel} for a folder with sentence embeddings, and a
 * {@link ChatModel} for a decoder with a chat template. The {@code model} of a request's options names the adapter. Each is left out
 * if the program has one of its type.
 */
@AutoConfiguration(after = LoRAAutoConfiguration.class)
@ConditionalOnClass(EmbeddingModel.class)
public final class LoRAAiAutoConfiguration {
    /** Creates the configuration. */
    public LoRAAiAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(EmbeddingModel.class)
    @ConditionalOnBean({EncoderFolder.class, TextService.class})
    @Conditional(ServedKind.OfEmbeddings.class)
    EmbeddingModel loraEmbeddingModel(
            EncoderFolder encoder, LoRAModel model, TextService service, LoRAProperties properties) {
        try {
            Network unused = EncoderFolder.requireEmbeddings(model.network());
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException(
                    e.getMessage() + "; set lora.model.kind to what it is, such as classifier, so that no"
                            + " EmbeddingModel is made",
                    e);
        }
        RequestedAdapter adapters = new RequestedAdapter(encoder.name(), properties.serve());
        return new AdaptedEmbeddingModel(encoder, service, adapters);
    }

    @Bean
    @ConditionalOnMissingBean(ChatModel.class)
    @ConditionalOnBean({DecoderFolder.class, GenerationService.class})
    @Conditional(ServedKind.OfChats.class)
    ChatModel loraChatModel(
            DecoderFolder decoder,
            GenerationService service,
            LoRAProperties properties,
            ObjectProvider<ToolCallingManager> tools)
            throws IOException {
        RequestedAdapter adapters = new RequestedAdapter(decoder.name(), properties.serve());
        return new AdaptedChatModel(
                ChatService.of(decoder, decoder.requireTemplate(), service),
                adapters,
                new ToolExecution(
                        tools.getIfAvailable(() -> ToolCallingManager.builder().build())));
    }
}
