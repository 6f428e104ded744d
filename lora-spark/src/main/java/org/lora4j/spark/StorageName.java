package org.lora4j.spark;

import java.io.IOException;
import java.util.Arrays;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.DecoderFolder;
import org.nd4j.linalg.api.buffer.DataType;

/** How the weights of a decoder are stored in memory, by the names that the parameter takes. */
enum StorageName {
    FLOAT("float"),
    DOUBLE("double"),
    BFLOAT16("bf16"),
    INT8("int8");

    private final String text;

    StorageName(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    DecoderFolder open(ModelSource folder) throws IOException {
        return switch (this) {
            case FLOAT -> DecoderFolder.open(folder, BaseStorage.of(Precision.FLOAT));
            case DOUBLE -> DecoderFolder.open(folder, DataType.DOUBLE);
            case BFLOAT16 -> DecoderFolder.open(folder, BaseStorage.of(Precision.BFLOAT16));
            case INT8 -> DecoderFolder.open(folder, BaseStorage.of(Precision.INT8));
        };
    }

    /** Returns the storage of a name that the parameter has checked. */
    static StorageName of(String text) {
        for (StorageName name : values()) {
            if (name.text.equals(text)) {
                return name;
            }
        }
        throw new IllegalArgumentException("no storage " + text);
    }

    static String[] texts() {
        return Arrays.stream(values()).map(StorageName::text).toArray(String[]::new);
    }
}
