package org.lora4j.langchain4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.EncoderFolder;

/**
 * Where a model gets its encoder from.
 *
 * @param folder a folder that the model opens, and closes
 * @param opened a folder that the program opened, and closes
 */
record EncoderSource(@Nullable Path folder, @Nullable EncoderFolder opened) {
    static EncoderSource of(Path folder) {
        return new EncoderSource(Objects.requireNonNull(folder, "folder must not be null"), null);
    }

    static EncoderSource of(EncoderFolder encoder) {
        return new EncoderSource(null, Objects.requireNonNull(encoder, "encoder must not be null"));
    }

    /** Whether the model closes the encoder. */
    boolean isOwned() {
        return opened == null;
    }

    /** Makes a model of an encoder. */
    @FunctionalInterface
    interface Maker<M> {
        M make(EncoderFolder encoder) throws IOException;
    }

    /** Opens the encoder and makes a model of it. If that fails, an encoder that the model would close is closed. */
    <M> M make(OptionalInt maxTokens, BaseStorage storage, Maker<M> maker) throws IOException {
        EncoderFolder encoder = open(maxTokens, storage);
        try {
            return maker.make(encoder);
        } catch (IOException | RuntimeException e) {
            if (isOwned()) {
                encoder.close();
            }
            throw e;
        }
    }

    private EncoderFolder open(OptionalInt maxTokens, BaseStorage storage) throws IOException {
        if (opened != null) {
            return opened;
        }
        Path path = Objects.requireNonNull(folder);
        return maxTokens.isPresent()
                ? EncoderFolder.open(path, maxTokens.getAsInt(), storage)
                : EncoderFolder.open(path, storage);
    }

    /** Returns what uses the tokenizer, with a message for a model that was closed. */
    static <T> T requireOpen(Supplier<T> use) {
        try {
            return use.get();
        } catch (IllegalStateException e) {
            throw new IllegalStateException(
                    "the model must not be closed, found one whose tokenizer was closed; build it again", e);
        }
    }
}
