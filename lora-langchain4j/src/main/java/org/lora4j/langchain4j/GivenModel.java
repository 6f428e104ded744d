package org.lora4j.langchain4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.TextModel;

/**
 * The encoder or the decoder that a builder was given.
 *
 * @param folder a folder that the built model opens, and closes
 * @param opened a folder that the program opened, and closes
 * @param <T> the encoder or the decoder
 */
record GivenModel<T extends TextModel>(
        @Nullable Path folder, @Nullable T opened) {
    static <T extends TextModel> GivenModel<T> of(Path folder) {
        return new GivenModel<>(Objects.requireNonNull(folder, "folder must not be null"), null);
    }

    static <T extends TextModel> GivenModel<T> of(T opened, String name) {
        return new GivenModel<>(null, Objects.requireNonNull(opened, () -> name + " must not be null"));
    }

    /** Whether the built model closes it. */
    boolean isOwned() {
        return opened == null;
    }

    /** Opens a folder, or makes something of an opened one. */
    @FunctionalInterface
    interface Step<A, B> {
        B apply(A given) throws IOException;
    }

    /** Opens the folder if it was not, and makes a model of it. If that fails, a folder that the model would close is closed. */
    <M> M make(Step<Path, T> opener, Step<T, M> maker) throws IOException {
        T model = opened != null ? opened : opener.apply(Objects.requireNonNull(folder));
        try {
            return maker.apply(model);
        } catch (IOException | RuntimeException e) {
            if (isOwned()) {
                model.close();
            }
            throw e;
        }
    }

    /** Returns what uses the tokenizer, with a message for a model that was closed. */
    static <R> R requireOpen(Supplier<R> use) {
        try {
            return use.get();
        } catch (IllegalStateException e) {
            throw new IllegalStateException(
                    "the model must not be closed, found one whose tokenizer was closed; build it again", e);
        }
    }
}
