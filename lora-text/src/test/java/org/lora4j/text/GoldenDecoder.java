package org.lora4j.text;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** The small Llama of the golden cases, with a tokenizer. */
public final class GoldenDecoder {
    private GoldenDecoder() {}

    /** Writes its files into a folder. */
    public static Path write(Path folder, String tokenizer) throws IOException, URISyntaxException {
        Path golden = Path.of(Objects.requireNonNull(GoldenDecoder.class.getResource("/golden/decoder_llama"))
                .toURI());
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(golden.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("tokenizer.json"), tokenizer);
        return folder;
    }
}
