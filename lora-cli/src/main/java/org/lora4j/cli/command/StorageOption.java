package org.lora4j.cli.command;

import java.util.Locale;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import picocli.CommandLine.Option;

/** How the large matrices of a model are stored. */
final class StorageOption {
    private enum Storage {
        FLOAT(Precision.FLOAT),
        BF16(Precision.BFLOAT16),
        INT8(Precision.INT8),
        INT8_DYNAMIC(Precision.INT8_DYNAMIC),
        INT4(Precision.INT4);

        private final Precision precision;

        Storage(Precision precision) {
            this.precision = precision;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    @Option(
            names = "--storage",
            paramLabel = "NAME",
            description =
                    "How the large matrices of the model are stored: float, or in less memory and rounded as bf16, int8"
                            + " or int4, with 16, 8 or 5 bits for each number; int8-dynamic rounds the inputs of products"
                            + " to 8 bits too, where that is faster. Default: ${DEFAULT-VALUE}.")
    private Storage storage = Storage.FLOAT;

    BaseStorage value() {
        return BaseStorage.of(storage.precision);
    }
}
