package org.lora4j.nn;

import org.lora4j.linalg.Precision;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.weight.internal.ArrayMatrix;
import org.lora4j.nn.weight.internal.MatrixConversion;
import org.lora4j.nn.weight.internal.OwnedMatrix;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Networks whose matrices belong to the library, and are stored in fewer bits, however small they are. */
public final class StoredNetwork {
    private StoredNetwork() {}

    /** A copy of a network with its matrices in a precision, or in DOUBLE if that is its type. */
    public static Network of(Network network, Precision precision) {
        if (network.dataType() != DataType.FLOAT || precision == Precision.FLOAT) {
            Network copy = network.copy();
            copy.parameters().forEach(parameter -> parameter.weight().own());
            return copy;
        }
        return network.with(layer -> store(layer, precision), layer -> true);
    }

    private static WeightedLayer store(WeightedLayer layer, Precision precision) {
        INDArray bias = layer.bias();
        INDArray biasCopy = bias == null ? null : bias.dup();
        if (layer instanceof Linear) {
            return new Linear(layer.path(), parameter(layer, precision), biasCopy);
        }
        if (layer instanceof Embedding embedding) {
            return new Embedding(layer.path(), parameter(layer, precision), embedding.padding());
        }
        return layer.with(layer.weight().dup(), biasCopy);
    }

    private static Parameter parameter(WeightedLayer layer, Precision precision) {
        return new Parameter(
                layer.path() + ".weight",
                new OwnedMatrix(MatrixConversion.convert(new ArrayMatrix(layer.weight()), precision)));
    }
}
