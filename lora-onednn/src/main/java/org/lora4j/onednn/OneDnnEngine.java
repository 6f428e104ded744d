package org.lora4j.onednn;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.threads.ThreadTeam;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner.ExecutionerType;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Multiplies with oneDNN. {@link java.util.ServiceLoader} creates it, so a program only needs this module on its class path.
 *
 * <p>Single precision is fast on x86 processors with AVX2 or more; bfloat16 on those with instructions for it, AMX or AVX-512
 * BF16. For Arm processors with SVE oneDNN has code too, which was not measured. Products with int8 weights round their inputs to
 * bfloat16 with AMX, and to 16 bits with AVX-512 VNNI, or to 8 bits with both if the precision says so; otherwise these stay in
 * single precision. A packed weight is padded to
 * blocks, and its form depends on the processor. Weights of fewer than 50,000 elements are not packed, nor those which would be
 * padded to more than twice their size, nor those for which oneDNN takes other code for few rows than for many.
 *
 * <p>The same call gives the same bits, in every thread. In a product of two or more rows, the bits of a row do not depend on
 * the other rows or their number. The product of a single row can differ in the last bits, but not with inputs of 16 bits: if
 * the weight is not packed, the OpenBLAS of ND4J computes it, which takes less time for it.
 */
public final class OneDnnEngine implements ProductEngine {
    private static final Logger log = LoggerFactory.getLogger(OneDnnEngine.class);

    /** The system property that makes the engine compute whatever oneDNN can, even if it is not fast; for tests. */
    static final String PACK_ALL = "org.lora4j.onednn.packAll";

    /** Sizes for the question whether code is fast. */
    private static final int TYPICAL_SIZE = 256;

    private final String name = "oneDNN " + Dnnl.version();
    private final ThreadTeam team = ThreadTeam.shared();
    private final Room room = new Room();
    private final EngineParts parts;
    private final PlainProducts plainProducts;
    private final Set<Precision> fast = EnumSet.noneOf(Precision.class);
    private final Kind int8;

    /** The kind of forward products in {@link Precision#INT8_DYNAMIC}. */
    private final Kind int8Dynamic;

    private final boolean packsAll;

    /** Creates an engine with a thread for each available processor. */
    public OneDnnEngine() {
        this(Boolean.getBoolean(PACK_ALL));
    }

    /**
     * Creates an engine.
     *
     * @param packsAll whether to compute whatever oneDNN can, even if it is not fast
     */
    OneDnnEngine(boolean packsAll) {
        this.packsAll = packsAll;
        OpenMp openMp = new OpenMp();
        parts = new EngineParts(new Workers(openMp, team), new Matmuls(packsAll));
        plainProducts = new PlainProducts(openMp, team);
        int8 = fastest(Kind.INT8_BFLOAT16, Kind.INT8_INT16).orElse(Kind.INT8);
        int8Dynamic = fastest(Kind.INT8_INT8).orElse(int8);
        boolean onProcessor = Nd4j.getExecutioner().type() == ExecutionerType.NATIVE_CPU;
        for (Precision precision : Precision.values()) {
            if (onProcessor
                    && kind(precision, Direction.FORWARD).filter(this::isFast).isPresent()) {
                fast.add(precision);
            }
        }
        if (isFast(Precision.FLOAT)) {
            team.setThreads(Runtime.getRuntime().availableProcessors());
        }
    }

    /** The first kind that the processor computes faster than single precision. */
    private static Optional<Kind> fastest(Kind... kinds) {
        return Stream.of(kinds).filter(OneDnnEngine::isNative).findFirst();
    }

    private boolean isFast(Kind kind) {
        return packsAll ? typical(kind, packing -> true) : isNative(kind);
    }

    /** Whether the processor computes a kind faster than single precision. */
    static boolean isNative(Kind kind) {
        return typical(kind, kind::isFast);
    }

    private static boolean typical(Kind kind, Predicate<Matmul.Packing> condition) {
        try (NativeObjects used = new NativeObjects()) {
            Matmul.Packing packing = Matmul.packing(used, kind, TYPICAL_SIZE, TYPICAL_SIZE);
            log.debug("{} with {}", kind, packing == null ? "nothing" : packing.implementation());
            return packing != null && condition.test(packing);
        }
    }

    /** The kind of the products; empty for int4, whose products in oneDNN take longer than those of this library. */
    private Optional<Kind> kind(Precision precision, Direction direction) {
        return switch (precision) {
            case FLOAT -> Optional.of(Kind.FLOAT);
            case BFLOAT16 -> Optional.of(Kind.BFLOAT16);
            case INT8 -> Optional.of(int8);
            case INT8_DYNAMIC -> Optional.of(direction == Direction.FORWARD ? int8Dynamic : int8);
            case INT4 -> Optional.empty();
        };
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean isFast(Precision precision) {
        return fast.contains(Objects.requireNonNull(precision, "precision must not be null"));
    }

    @Override
    public Optional<PackedWeight> prepare(INDArray weight, Precision precision, Direction direction) {
        Objects.requireNonNull(precision, "precision must not be null");
        requireMatrix(weight);
        return kind(precision, direction).flatMap(kind -> prepare(weight, kind, direction));
    }

    private static void requireMatrix(INDArray weight) {
        Objects.requireNonNull(weight, "weight must not be null");
        if (weight.dataType() != DataType.FLOAT || weight.rank() != 2 || weight.isEmpty()) {
            throw new IllegalArgumentException("weight: must be a FLOAT matrix, found " + weight.dataType() + " "
                    + Arrays.toString(weight.shape()));
        }
    }

    Optional<PackedWeight> prepare(INDArray weight, Kind kind, Direction direction) {
        requireMatrix(weight);
        Objects.requireNonNull(direction, "direction must not be null");
        if (weight.length() >= Matmuls.LEAST_ELEMENTS && !room.isFor(weight.length() * kind.weightBytes())) {
            return noRoom(weight, "half of JavaCPP's limit is taken");
        }
        try {
            return OneDnnWeight.of(parts, kind, weight, direction);
        } catch (OutOfMemoryError e) {
            return noRoom(weight, e.getMessage());
        }
    }

    /** A program that has enough memory without this module must run with it too. */
    private static Optional<PackedWeight> noRoom(INDArray weight, @Nullable String reason) {
        log.warn(
                "the native memory must have room for a packed copy of a weight {}, so its product is not packed: {}."
                        + " -Dorg.bytedeco.javacpp.maxBytes sets the limit",
                Arrays.toString(weight.shape()),
                reason);
        return Optional.empty();
    }

    @Override
    public boolean multiply(
            INDArray a, boolean transposeA, INDArray b, boolean transposeB, double alpha, double beta, INDArray c) {
        return plainProducts.multiply(a, transposeA, b, transposeB, alpha, beta, c);
    }

    Matmuls matmuls() {
        return parts.matmuls();
    }

    @Override
    public int threads() {
        return team.threads();
    }

    @Override
    public void setThreads(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("the number of threads must be at least 1, found " + threads);
        }
        team.setThreads(threads);
    }
}
