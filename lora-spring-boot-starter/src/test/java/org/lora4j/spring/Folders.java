package org.lora4j.spring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;

/** Small models and adapters on them. */
final class Folders {
    private Folders() {}

    /** A BERT with a vocabulary of 60 tokens and 24 units. */
    static Path encoder(Path folder) {
        return model(folder, "/golden/encoder_forward");
    }

    /** A Llama. */
    static Path decoder(Path folder) {
        return model(folder, "/golden/decoder_llama");
    }

    private static Path model(Path folder, String golden) {
        try {
            Files.createDirectories(folder);
            for (String file : List.of("config.json", "model.safetensors")) {
                copy(golden + "/" + file, folder.resolve(file));
            }
            copy("/tokenizer.json", folder.resolve("tokenizer.json"));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copy(String resource, Path target) throws IOException {
        try {
            Path source = Path.of(
                    Objects.requireNonNull(Folders.class.getResource(resource)).toURI());
            Files.copy(source, target, StandardCopyOption.REPLACE_EXISTING);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Saves adapters of an encoder, which differ. */
    static Path adapters(Path encoder, Path folder, String... names) {
        for (String name : names) {
            adapter(encoder, folder.resolve(name), name.hashCode());
        }
        return folder;
    }

    static void adapter(Path encoder, Path folder, long seed) {
        try (EncoderFolder opened = EncoderFolder.open(encoder)) {
            save(LoRAModel.of(opened.sentenceEmbeddings()), folder, seed, "query", "value");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void decoderAdapter(Path decoder, Path folder, long seed) {
        try (DecoderFolder opened = DecoderFolder.open(decoder)) {
            save(LoRAModel.of(opened.network()), folder, seed, "q_proj", "v_proj");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void save(LoRAModel model, Path folder, long seed, String... modules) throws IOException {
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .alpha(40)
                .init(LoRAInit.random())
                .seed(seed)
                .targetModules(modules)
                .build();
        model.add("x", config).save(folder);
    }
}
