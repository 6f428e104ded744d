package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models take whole texts, whatever their tokenizer.json says about truncation and padding. */
class TokenizerFormsTest {
    private static final String NEITHER = "\"truncation\":null,\"padding\":null";
    private static final String TRUNCATION = """
            "truncation":{"direction":"Right","max_length":6,"strategy":"LongestFirst","stride":0}""";
    private static final String PADDING = """
            "padding":{"strategy":{"Fixed":6},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,
             "pad_token":"x"}""";

    @TempDir
    private Path temporary;

    /** Stores what a program once cut and padded. */
    private static void store(Path tokenizer, String form) throws IOException {
        String file = Files.readString(tokenizer);
        assertThat(file).contains(NEITHER);
        String truncation = form.equals("padding") ? "\"truncation\":null" : TRUNCATION;
        String padding = form.equals("truncation") ? "\"padding\":null" : PADDING;
        Files.writeString(tokenizer, file.replace(NEITHER, truncation + "," + padding));
    }

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
    @ValueSource(strings = {"truncation", "padding", "both"})
    void nothingIsCutOrPadded(String form) throws IOException {
        Path encoder = SmallFolders.encoder(temporary.resolve("encoder"));
        Path decoder = SmallFolders.decoder(temporary.resolve("decoder"));
        List<Object> expected = results(encoder, decoder);
        assertThat(expected).contains(3, 12);
        store(encoder.resolve("tokenizer.json"), form);
        store(decoder.resolve("tokenizer.json"), form);
        assertThat(results(encoder, decoder)).isEqualTo(expected);
    }
}
