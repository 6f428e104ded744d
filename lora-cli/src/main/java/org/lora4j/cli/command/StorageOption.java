package org.lora4j.cli.command;

import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import picocli.CommandLine.Option;

/** How the large matrices of a model are stored. */
final class StorageOption {
    private enum Storage {
        FLOAT(Precision.FLOAT),
        BF16(Precision.BFLOAT16),
        INT8(Precision.INT8),
        INT4(Precision.INT4);

        private final Precision precision;

        Storage(Precision precision) {
            this.precision = precision;
        }
    }

    @Option(
            names = "--storage",
            paramLabel = "NAME",
            description =
                    "How the large matrices of the model are stored: float, or in less memory and rounded as bf16, int8"
                            + " or int4, with 16, 8 or 5 bits for each number. Default: ${DEFAULT-VALUE}.")
    private Storage storage = Storage.FLOAT;

    BaseStorage value() {
        return BaseStorage.of(storage.precision);
    }
}
