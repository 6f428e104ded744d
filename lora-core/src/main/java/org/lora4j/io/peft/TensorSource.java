package org.lora4j.io.peft;

import java.io.IOException;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsHeader;
import org.lora4j.io.safetensors.SafeTensorsReader;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The tensors of an adapter. Their header is known before any of them is read. */
interface TensorSource {
    SafeTensorsHeader header();

    /** Returns a floating-point tensor as FLOAT or DOUBLE, as {@link SafeTensors#tensor(String, DataType)} does. */
    INDArray tensor(String name, DataType type) throws IOException;

    /** Returns all tensors. */
    SafeTensors all() throws IOException;

    /** Tensors that are in memory already. */
    static TensorSource of(SafeTensors tensors) {
        SafeTensorsHeader header = tensors.header();
        return new TensorSource() {
            @Override
            public SafeTensorsHeader header() {
                return header;
            }

            @Override
            public INDArray tensor(String name, DataType type) throws IOException {
                return tensors.tensor(name, type);
            }

            @Override
            public SafeTensors all() {
                return tensors;
            }
        };
    }

    /** Tensors of a file, as long as the reader is open. */
    static TensorSource of(SafeTensorsReader reader) {
        return new TensorSource() {
            @Override
            public SafeTensorsHeader header() {
                return reader.header();
            }

            @Override
            public INDArray tensor(String name, DataType type) throws IOException {
                return reader.tensor(name, type);
            }

            @Override
            public SafeTensors all() throws IOException {
                return reader.readAll();
            }
        };
    }
}
