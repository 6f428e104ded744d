package org.lora4j.cli.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.ModelKind;

/** Opens folders with encoders. */
public final class Encoders {
    private Encoders() {}

    /**
     * Opens an encoder.
     *
     * @param folder the folder
     * @param maxTokens where texts are cut; empty for where the folder says
     * @param storage how its large matrices are stored
     * @param what what needs an encoder, for the message of an error
     * @return the encoder
     * @throws IOException if a file cannot be read, or the model is no encoder
     */
    public static EncoderFolder open(Path folder, OptionalInt maxTokens, BaseStorage storage, String what)
            throws IOException {
        ModelKind.require(folder, false, what);
        return maxTokens.isPresent()
                ? EncoderFolder.open(folder, maxTokens.getAsInt(), storage)
                : EncoderFolder.open(folder, storage);
    }

    /**
     * Opens an encoder that cuts texts where an adapter was trained with them.
     *
     * @param folder the folder
     * @param adapter the folder of the adapter; null for the model alone
     * @param storage how the large matrices of the encoder are stored
     * @param what what needs an encoder, for the message of an error
     * @return the encoder
     * @throws IOException if a file cannot be read, or the model is no encoder
     */
    public static EncoderFolder open(Path folder, @Nullable Path adapter, BaseStorage storage, String what)
            throws IOException {
        TaskFile task = adapter == null ? null : TaskFile.read(adapter).orElse(null);
        return open(folder, task == null ? OptionalInt.empty() : task.limit(), storage, what);
    }
}
