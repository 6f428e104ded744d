package org.lora4j.nn.onnx.internal;

import java.util.ArrayList;
import java.util.List;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.AttributeProto.AttributeType;

/**
 * An operator of ONNX with its attributes.
 *
 * @param name the name in the standard, such as {@code MatMul}
 * @param attributes those that differ from the default
 */
record Operator(String name, List<AttributeProto> attributes) {
    static Operator of(String name) {
        return new Operator(name, List.of());
    }

    Operator with(String attribute, long value) {
        return with(AttributeProto.newBuilder()
                .setName(attribute)
                .setType(AttributeType.INT)
                .setI(value));
    }

    Operator with(String attribute, double value) {
        return with(AttributeProto.newBuilder()
                .setName(attribute)
                .setType(AttributeType.FLOAT)
                .setF((float) value));
    }

    Operator with(String attribute, List<Long> values) {
        return with(AttributeProto.newBuilder()
                .setName(attribute)
                .setType(AttributeType.INTS)
                .addAllInts(values));
    }

    private Operator with(AttributeProto.Builder attribute) {
        List<AttributeProto> all = new ArrayList<>(attributes);
        all.add(attribute.build());
        return new Operator(name, all);
    }
}
