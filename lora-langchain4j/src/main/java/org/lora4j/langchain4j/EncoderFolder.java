package org.lora4j.langchain4j;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.transformer.BertModel;

/** A folder of Hugging Face's hub with an encoder that embeds texts. */
final class EncoderFolder {
    private static final String TOKENIZER = "tokenizer.json";

    private final Path folder;
    private final Network network;

    /** Reads the encoder. */
    EncoderFolder(Path folder) throws IOException {
        this.folder = folder;
        for (String file : List.of("config.json", TOKENIZER)) {
            if (!Files.exists(folder.resolve(file))) {
                throw new FileNotFoundException(folder.toAbsolutePath()
                        + ": the folder of a model must have config.json, model.safetensors and tokenizer.json, found no "
                        + file);
            }
        }
        network = BertModel.load(folder).sentenceEmbeddings();
    }

    Network network() {
        return network;
    }

    String name() {
        return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    }

    TextTokenizer tokenizer() throws IOException {
        return TextTokenizer.load(folder.resolve(TOKENIZER), positions());
    }

    TextTokenizer tokenizer(int maxTokens) throws IOException {
        return TextTokenizer.load(folder.resolve(TOKENIZER), positions(), maxTokens);
    }

    /** The longest sequence that the encoder takes. */
    private int positions() {
        return ((TokenEmbeddings) network.layers().get(0)).maxLength();
    }
}
