package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.fixtures.TokenizerForms;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Beans take whole texts, whatever tokenizer.json says about truncation and padding. */
class TokenizerFormsTest {
    private static final String TEXT = "where is my parcel where is my parcel where is";

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(LoRAAutoConfiguration.class, LoRAAiAutoConfiguration.class));

    @TempDir
    private Path temporary;

    private List<Object> results(Path encoder, Path decoder) {
        List<Object> results = new ArrayList<>();
        runner.withPropertyValues("lora.model.path=" + encoder, "lora.serve.allow-base=true")
                .run(context -> {
                    EmbeddingModel model = context.getBean(EmbeddingModel.class);
                    results.add(model.embed("where"));
                    results.add(model.embed(TEXT));
                });
        runner.withPropertyValues(
                        "lora.model.path=" + decoder,
                        "lora.adapters.path=" + temporary.resolve("styles"),
                        "lora.serve.default-adapter=c")
                .run(context -> {
                    ChatResponse response = context.getBean(ChatModel.class)
                            .call(new Prompt(
                                    TEXT,
                                    ChatOptions.builder()
                                            .temperature(0.0)
                                            .maxTokens(6)
                                            .build()));
                    results.add(String.valueOf(Objects.requireNonNull(response.getResult())
                            .getOutput()
                            .getText()));
                    results.add(response.getMetadata().getUsage().getPromptTokens());
                });
        return results;
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsCutOrPadded(TokenizerForms form) throws IOException {
        Path encoder = Folders.encoder(temporary.resolve("encoder"));
        Path decoder = Folders.decoder(temporary.resolve("decoder"));
        Files.writeString(
                decoder.resolve("chat_template.jinja"),
                "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}");
        Folders.decoderAdapter(decoder, temporary.resolve("styles").resolve("c"), 3);
        List<Object> expected = results(encoder, decoder);
        assertThat(expected).hasSize(4).contains(11);
        form.store(encoder.resolve("tokenizer.json"));
        form.store(decoder.resolve("tokenizer.json"));
        assertThat(results(encoder, decoder))
                .usingRecursiveFieldByFieldElementComparator()
                .isEqualTo(expected);
    }
}
