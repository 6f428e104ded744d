package com.example;

import dev.langchain4j.service.AiServices;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.lora4j.langchain4j.LoRAChatModel;

/** One model for all requests, each with the adapter that it names. */
public final class TeaModels {
    @Produces
    @Singleton
    LoRAChatModel chat(
            @ConfigProperty(name = "lora.model") Path model, @ConfigProperty(name = "lora.adapters") Path adapters)
            throws IOException {
        return LoRAChatModel.builder(model)
                .adapters(adapters)
                .temperature(0)
                .maxOutputTokens(80)
                .timeout(Duration.ofMinutes(1))
                .build();
    }

    void close(@Disposes LoRAChatModel chat) {
        chat.close();
    }

    @Produces
    @Singleton
    TeaAssistant assistant(LoRAChatModel chat, Orders orders) {
        return AiServices.builder(TeaAssistant.class)
                .chatModel(chat)
                .tools(orders)
                .build();
    }
}
