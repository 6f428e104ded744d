package org.lora4j.dl4j;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.buffer.util.DataTypeUtil;
import org.nd4j.linalg.factory.Nd4j;

/** Makes DOUBLE the default type while the tests of a class run, as DL4J's check of gradients needs it. */
final class InDouble implements BeforeAllCallback, AfterAllCallback {
    private DataType before = Nd4j.dataType();

    @Override
    public void beforeAll(ExtensionContext context) {
        before = Nd4j.dataType();
        use(DataType.DOUBLE);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        use(before);
    }

    private static void use(DataType type) {
        Nd4j.setDefaultDataTypes(type, type);
        DataTypeUtil.setDTypeForContext(type);
    }
}
