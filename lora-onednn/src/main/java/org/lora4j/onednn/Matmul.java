package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_ab;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_format_tag_any;
import static org.bytedeco.dnnl.global.dnnl.dnnl_matmul_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_clone;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_scratchpad_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_weights_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_success;

import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.jspecify.annotations.Nullable;

/**
 * The code for the product of {@code n} rows with a packed weight {@code [k, m]}. Immutable: any number of threads can run
 * it, each with its own memory.
 */
final class Matmul {
    /** The format for this number of rows is that for all from 2 on, and one row can use it too. */
    private static final int TYPICAL_ROWS = 64;

    /** Numbers of rows for which oneDNN takes other code with some short inner sides, as it does with AMX. */
    private static final int[] FEW_ROWS = {2, 3, 4, 8, 16, 32};

    private final dnnl_primitive primitive = new dnnl_primitive();
    private final dnnl_memory_desc scratchpad = new dnnl_memory_desc();
    private final String implementation;

    Matmul(Matmuls.Key key, dnnl_memory_desc weight) {
        NativeObjects kept = new NativeObjects();
        kept.closeWith(this);
        try (NativeObjects used = new NativeObjects()) {
            dnnl_primitive_desc description = describe(used, key, weight);
            if (description == null) {
                throw new IllegalStateException("oneDNN has no product of " + key.n() + " rows in " + key.kind()
                        + " with a weight that it packed");
            }
            implementation = Dnnl.implementation(description);
            Dnnl.check(dnnl_primitive_create(primitive, description));
            kept.add(primitive);
            Dnnl.check(dnnl_memory_desc_clone(
                    scratchpad, dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0)));
            kept.add(scratchpad);
        }
    }

    /** The primitive, or null if oneDNN has none for these types. */
    private static @Nullable dnnl_primitive_desc describe(
            NativeObjects owner, Matmuls.Key key, dnnl_memory_desc weight) {
        MatrixLayout results = new MatrixLayout(key.n(), key.m(), key.rowStride(), 1);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        int status = dnnl_matmul_primitive_desc_create(
                description,
                Dnnl.PROCESSOR,
                Dnnl.format(owner, key.n(), key.k(), key.kind().inputType(), dnnl_ab),
                weight,
                key.addsBias() ? Dnnl.format(owner, 1, key.m(), dnnl_f32, dnnl_ab) : null,
                Dnnl.strided(owner, results, dnnl_f32),
                key.kind().attributes(owner));
        return status == dnnl_success ? owner.add(description) : null;
    }

    /** The form of a weight {@code [k, m]} that is fast for all numbers of rows, and the code that computes with it. */
    record Packing(dnnl_memory_desc format, String implementation) {
        /** Whether it is generated for this processor. What is not is called {@code ref} or {@code gemm}, for example. */
        boolean isFast() {
            return implementation.startsWith("brg");
        }

        long bytes() {
            return dnnl_memory_desc_get_size(format);
        }

        boolean usesAmx() {
            return uses("amx");
        }

        /** Whether it is generated with these instructions of the processor. */
        boolean uses(String instructions) {
            return isFast() && implementation.contains(instructions);
        }
    }

    /**
     * Returns the form of a weight, or null if oneDNN has no product of this kind, or takes other code for few rows than for
     * many: then the bits of a row would depend on the number of rows.
     */
    static @Nullable Packing packing(NativeObjects owner, Kind kind, long k, long m) {
        try (NativeObjects used = new NativeObjects()) {
            dnnl_memory_desc any = Dnnl.format(used, k, m, kind.weightType(), dnnl_format_tag_any);
            dnnl_primitive_desc description = describe(used, key(kind, TYPICAL_ROWS, k, m, false), any);
            if (description == null) {
                return null;
            }
            dnnl_memory_desc format = new dnnl_memory_desc();
            Dnnl.check(dnnl_memory_desc_clone(
                    format, dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0)));
            owner.add(format);
            String implementation = Dnnl.implementation(description);
            for (int n : FEW_ROWS) {
                dnnl_primitive_desc few = describe(used, key(kind, n, k, m, false), format);
                if (few == null || !Dnnl.implementation(few).equals(implementation)) {
                    return null;
                }
            }
            return new Packing(format, implementation);
        }
    }

    /**
     * Returns whether the code for a packed weight {@code [k, m]} can add a bias to each row of the result: with single precision,
     * if it is the same code else. Then the bits are those of an addition after the product.
     */
    static boolean addsBias(Kind kind, long k, long m, dnnl_memory_desc format) {
        if (kind != Kind.FLOAT) {
            return false;
        }
        try (NativeObjects used = new NativeObjects()) {
            dnnl_primitive_desc without = describe(used, key(kind, TYPICAL_ROWS, k, m, false), format);
            dnnl_primitive_desc with = describe(used, key(kind, TYPICAL_ROWS, k, m, true), format);
            return without != null && with != null && Dnnl.implementation(with).equals(Dnnl.implementation(without));
        }
    }

    private static Matmuls.Key key(Kind kind, long n, long k, long m, boolean addsBias) {
        return new Matmuls.Key(kind, n, k, m, m, addsBias);
    }

    dnnl_primitive primitive() {
        return primitive;
    }

    dnnl_memory_desc scratchpad() {
        return scratchpad;
    }

    long scratchpadBytes() {
        return dnnl_memory_desc_get_size(scratchpad);
    }

    String implementation() {
        return implementation;
    }
}
