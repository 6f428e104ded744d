package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.fixtures.TokenizerForms;

/** Models take whole texts, whatever their tokenizer.json says about truncation and padding. */
class TokenizerFormsTest {
    @TempDir
    private Path temporary;

    private static List<Object> results(Path encoder, Path decoder) throws IOException {
        List<Object> results = new ArrayList<>();
        try (LoRAEmbeddingModel model = LoRAEmbeddingModel.of(encoder)) {
            for (String text : List.of("where", "where is my parcel it comes today it comes today")) {
                results.add(model.embed(text).content().vectorAsList());
                results.add(model.tokens(List.of(text)).tokens());
            }
        }
        try (LoRAChatModel model = LoRAChatModel.builder(decoder)
                .temperature(0.0)
                .maxOutputTokens(6)
                .build()) {
            ChatResponse response = model.chat(UserMessage.from("where is my parcel"));
            results.add(String.valueOf(response.aiMessage().text()));
            results.add(String.valueOf(response.tokenUsage()));
        }
        return results;
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsCutOrPadded(TokenizerForms form) throws IOException {
        Path encoder = SmallFolders.encoder(temporary.resolve("encoder"));
        Path decoder = SmallFolders.decoder(temporary.resolve("decoder"));
        List<Object> expected = results(encoder, decoder);
        assertThat(expected).contains(3, 12);
        form.store(encoder.resolve("tokenizer.json"));
        form.store(decoder.resolve("tokenizer.json"));
        assertThat(results(encoder, decoder)).isEqualTo(expected);
    }
}
