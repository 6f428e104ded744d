package org.lora4j.spark.internal.param;

import java.io.IOException;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.DecoderFolder;
import org.nd4j.linalg.api.buffer.DataType;

/** How the weights of a decoder are stored in memory, by the names that the parameter takes. */
public enum StorageName implements Choice {
    FLOAT,
    DOUBLE,
    BF16,
    INT8,
    INT8_DYNAMIC,
    INT4;

    public DecoderFolder open(ModelSource folder) throws IOException {
        return switch (this) {
            case FLOAT -> DecoderFolder.open(folder, BaseStorage.of(Precision.FLOAT));
            case DOUBLE -> DecoderFolder.open(folder, DataType.DOUBLE);
            case BF16 -> DecoderFolder.open(folder, BaseStorage.of(Precision.BFLOAT16));
            case INT8 -> DecoderFolder.open(folder, BaseStorage.of(Precision.INT8));
            case INT8_DYNAMIC -> DecoderFolder.open(folder, BaseStorage.of(Precision.INT8_DYNAMIC));
            case INT4 -> DecoderFolder.open(folder, BaseStorage.of(Precision.INT4));
        };
    }

    /** Returns the storage of a name that the parameter has checked. */
    public static StorageName of(String text) {
        return Choice.of(StorageName.class, text);
    }
}
