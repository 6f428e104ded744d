package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_ATTR_SCALES;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_BIAS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SCRATCHPAD;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;
import static org.bytedeco.dnnl.global.dnnl.dnnl_ab;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_set_data_handle;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_execute;

import java.lang.ref.Cleaner;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.jspecify.annotations.Nullable;

/**
 * The product of matrices in fixed layouts with any weight of fixed sizes. oneDNN reads dense rows and writes rows: other inputs
 * are copied before, other results after the product. It could read columns too, but then the bits of few rows differ, and
 * for results in columns it has only slow code. Belongs to a {@link Workspace}.
 */
final class Product {
    /** What is added to the product. */
    enum Addition {
        NOTHING,

        /** What the result held before. */
        RESULT,

        /** A bias, to each row. */
        BIAS
    }

    private final Workspace workspace;
    private final Matmul matmul;
    private final dnnl_memory input;
    private final dnnl_memory result;
    private final dnnl_memory scratchpad;
    private final dnnl_exec_arg_t arguments;
    private final dnnl_exec_arg_t weightArgument;
    private final @Nullable dnnl_exec_arg_t scalesArgument;
    private final @Nullable dnnl_memory bias;
    private final int count;
    private final Cleaner.Cleanable cleanable;

    // Null if the matrices are used as they are.
    private final @Nullable Reorder convert;
    private final @Nullable dnnl_memory convertFrom;
    private final @Nullable Reorder store;
    private final @Nullable dnnl_memory storeTo;
    private final long inputBytes;
    private final long resultBytes;

    /** Creates a product, in which the results are written where they belong if this is possible. */
    static Product of(Workspace workspace, PackedBlock weight, MatrixLayout x, MatrixLayout y, Addition addition) {
        boolean isDirect = y.isInRows() && addition != Addition.RESULT;
        Matmul matmul = weight.matmul(x.rows(), isDirect ? y.rowStride() : y.columns(), addition == Addition.BIAS);
        return new Product(workspace, matmul, weight.kind(), weight.scalesInput(), x, y, addition, isDirect);
    }

    private Product(
            Workspace workspace,
            Matmul matmul,
            Kind kind,
            boolean scalesInput,
            MatrixLayout x,
            MatrixLayout y,
            Addition addition,
            boolean isDirect) {
        this.workspace = workspace;
        this.matmul = matmul;
        NativeObjects objects = new NativeObjects();
        cleanable = objects.closeWith(this);

        dnnl_memory_desc inputFormat =
                Dnnl.strided(objects, MatrixLayout.dense(x.rows(), x.columns()), kind.inputType());
        input = Dnnl.memory(objects, inputFormat, null);
        if (x.isDenseInRows() && !kind.convertsInputs() && !scalesInput) {
            convert = null;
            convertFrom = null;
            inputBytes = 0;
        } else {
            dnnl_memory_desc format = Dnnl.strided(objects, x, dnnl_f32);
            convertFrom = Dnnl.memory(objects, format, null);
            convert = scalesInput
                    ? Reorder.scale(objects, format, convertFrom, inputFormat, input)
                    : Reorder.copy(objects, format, convertFrom, inputFormat, input, false);
            inputBytes = dnnl_memory_desc_get_size(inputFormat);
        }

        dnnl_memory_desc resultFormat =
                Dnnl.strided(objects, isDirect ? y : MatrixLayout.dense(y.rows(), y.columns()), dnnl_f32);
        result = Dnnl.memory(objects, resultFormat, null);
        if (isDirect) {
            store = null;
            storeTo = null;
            resultBytes = 0;
        } else {
            dnnl_memory_desc format = Dnnl.strided(objects, y, dnnl_f32);
            storeTo = Dnnl.memory(objects, format, null);
            store = Reorder.copy(objects, resultFormat, result, format, storeTo, addition == Addition.RESULT);
            resultBytes = dnnl_memory_desc_get_size(resultFormat);
        }

        scratchpad = Dnnl.memory(objects, matmul.scratchpad(), null);
        bias = addition == Addition.BIAS
                ? Dnnl.memory(objects, Dnnl.format(objects, 1, y.columns(), dnnl_f32, dnnl_ab), null)
                : null;
        count = 4 + (kind.isScaled() ? 1 : 0) + (bias == null ? 0 : 1);
        arguments = new dnnl_exec_arg_t(count);
        if (bias != null) {
            arguments.getPointer(count - 1).arg(DNNL_ARG_BIAS).memory(bias);
        }
        arguments.getPointer(0).arg(DNNL_ARG_SRC).memory(input);
        arguments.getPointer(1).arg(DNNL_ARG_DST).memory(result);
        arguments.getPointer(2).arg(DNNL_ARG_SCRATCHPAD).memory(scratchpad);
        weightArgument = arguments.getPointer(3).arg(DNNL_ARG_WEIGHTS);
        scalesArgument = kind.isScaled() ? arguments.getPointer(4).arg(DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS) : null;
    }

    /** Computes with a weight. The caller keeps it and the matrices reachable. */
    void run(PackedBlock weight, long xAddress, long yAddress, long biasAddress) {
        if (bias != null) {
            set(bias, biasAddress);
        }
        if (convertFrom == null || convert == null) {
            set(input, xAddress);
        } else {
            set(convertFrom, xAddress);
            set(input, workspace.inputs(inputBytes).address());
            dnnl_memory inputScales = weight.inputScales();
            if (inputScales != null) {
                convert.setScales(inputScales);
            }
            convert.run(workspace.stream());
        }
        set(result, storeTo == null ? yAddress : workspace.results(resultBytes).address());
        set(scratchpad, workspace.scratchpad(matmul.scratchpadBytes()).address());
        weightArgument.memory(weight.memory());
        if (scalesArgument != null) {
            scalesArgument.memory(weight.scales());
        }
        Dnnl.check(dnnl_primitive_execute(matmul.primitive(), workspace.stream(), count, arguments));
        if (storeTo != null && store != null) {
            set(storeTo, yAddress);
            store.run(workspace.stream());
        }
    }

    private void set(dnnl_memory memory, long address) {
        Dnnl.check(dnnl_memory_set_data_handle(memory, workspace.address(address)));
    }

    void close() {
        cleanable.clean();
    }
}
