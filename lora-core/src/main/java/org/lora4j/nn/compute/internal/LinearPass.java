package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.internal.threads.Workers;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The computation of a {@link Linear}: one product with the weight for all rows forward, and backward only what is needed.
 * Each {@link Segment} adds its updates to its own rows; one that has a weight of its own computes its rows with that. Segments
 * that train together have nothing in common but the weight, so they are divided among the processors that are free.
 */
final class LinearPass implements LayerPass {
    /** How long the calls for one segment take, beside the arithmetic. */
    private static final long NANOS_PER_SEGMENT = 3_000;

    /** How many products of an element and a row take a nanosecond. */
    private static final long PRODUCTS_PER_NANO = 16;

    private final Linear layer;
    private final long width;
    private final PassResources resources;
    private final boolean training;
    private final Scratch scratch;
    private final WeightProduct product;
    private final BatchBuffer outputs;
    private final BatchBuffer baseGradients;
    private final Workers<Blocks> workers = new Workers<>(Blocks::new);
    private final List<SegmentLinear> segments = new ArrayList<>();
    private final MixedLinear mixed;

    /** How many of the segments are bound; 0 if they must be bound anew. */
    private int bound;

    // What the bound segments have in common.
    private Parameter weight;
    private boolean sharesWeights;
    private boolean sharesBias;

    /** The bias if it is all that any segment adds to the common product, so that the product may add it on its way. */
    private @Nullable INDArray onlyBias;

    private boolean readsBase;
    private boolean trains;
    private boolean trainsWeight;
    private long elements;

    private @Nullable INDArray output;

    /** The rows of segments in matrices of all rows. They belong to one thread at a time. */
    private static final class Blocks {
        private final RowBlocks inputs = new RowBlocks();
        private final RowBlocks outputs = new RowBlocks();
        private final RowBlocks outputGradients = new RowBlocks();
        private final RowBlocks baseGradients = new RowBlocks();
        private final RowBlocks inputGradients = new RowBlocks();
    }

    /** Computes something of one segment. */
    private interface SegmentTask {
        void run(Blocks blocks, SegmentLinear segment, int number);
    }

    LinearPass(Linear layer, PassResources resources) {
        this(layer, layer.outputSize(), resources);
    }

    /** Creates the computation for segments whose weights have another number of rows than that of the layer. */
    LinearPass(Linear layer, long width, PassResources resources) {
        this.layer = layer;
        this.width = width;
        this.resources = resources;
        training = resources.isTraining();
        scratch = resources.scratch();
        weight = layer.weightParameter();
        product = new WeightProduct(weight.weight(), resources.order());
        outputs = resources.buffers().rows(width);
        baseGradients = resources.buffers().rows(width);
        mixed = new MixedLinear(layer, resources);
    }

    @Override
    public void bind(Segments batch) {
        if (isMixed(batch)) {
            bound = 0;
            weight = layer.weightParameter();
            product.bind(weight.weight(), List.of());
            return;
        }
        boolean changed = bound != batch.count();
        // Whatever fails on the way, the next call binds anew.
        bound = 0;
        for (int i = 0; i < batch.count(); i++) {
            if (i == segments.size()) {
                segments.add(new SegmentLinear(layer, width, batch.get(i), resources));
            }
            changed |= segments.get(i).bind(batch, batch.get(i));
        }
        if (changed) {
            findCommon(segments.subList(0, batch.count()));
        }
        bound = batch.count();
    }

    /** Whether the segments differ and nothing is kept of them, so that one after the other can use the same buffers. */
    private boolean isMixed(Segments batch) {
        return batch.count() > 1 && !training;
    }

    private void findCommon(List<SegmentLinear> all) {
        EffectiveLinear first = all.get(0).effective();
        weight = all.stream().allMatch(one -> one.effective().weight() == first.weight())
                ? first.weight()
                : layer.weightParameter();
        sharesWeights = all.stream().allMatch(this::sharesWeight);
        sharesBias = all.stream().allMatch(one -> one.effective().bias() == first.bias());
        boolean addOnlyBias = sharesWeights && sharesBias && all.stream().allMatch(one -> one.onlyBias() != null);
        onlyBias = addOnlyBias ? all.get(0).onlyBias() : null;
        readsBase = all.stream().anyMatch(SegmentLinear::readsBase);
        trains = all.stream().anyMatch(SegmentLinear::trains);
        trainsWeight = all.stream().anyMatch(SegmentLinear::trainsWeight);
        elements = all.stream().mapToLong(this::elements).max().orElseThrow();
        List<WeightProduct.Further> requested = new ArrayList<>();
        for (SegmentLinear one : all) {
            if (sharesWeight(one)) {
                requested.addAll(one.requested());
            }
        }
        product.bind(weight.weight(), requested);
    }

    private boolean sharesWeight(SegmentLinear one) {
        return one.effective().weight() == weight;
    }

    /** How many elements a segment multiplies with by itself. */
    private long elements(SegmentLinear one) {
        long ofUpdates = one.effective().updates().stream()
                .mapToLong(WeightUpdate::elements)
                .sum();
        return ofUpdates + (sharesWeight(one) ? 0 : layer.outputSize() * layer.inputSize());
    }

    /** Runs a task of each bound segment, whose rows nothing else reads or writes meanwhile. */
    private void runSegments(long rows, SegmentTask task) {
        long nanos = NANOS_PER_SEGMENT + rows / bound * elements / PRODUCTS_PER_NANO;
        workers.runRows(0, bound, nanos, (blocks, from, to) -> {
            for (int i = from; i < to; i++) {
                task.run(blocks, segments.get(i), i);
            }
        });
    }

    @Override
    public boolean trains() {
        return trains;
    }

    /**
     * If the weight itself trains, its updater may read the input after the gradients. In a prediction each input stays too, so
     * that updates can tell whether layers have the same one.
     */
    @Override
    public InputUse inputUse() {
        if (trainsWeight || !training) {
            return InputUse.KEPT;
        }
        return trains ? InputUse.BACKWARD : InputUse.FORWARD;
    }

    /** Whether the input is still needed after the forward. */
    boolean readsInput() {
        return inputUse() != InputUse.FORWARD;
    }

    String path() {
        return layer.path();
    }

    /** Whether the last output of the layer holds neither NaN nor an infinity in the rows of a segment. */
    boolean isFinite(Segments batch, int segment) {
        return output == null || batch.isFinite(output, segment);
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        if (!training) {
            bind(batch);
        }
        INDArray y = outputs.rows(x.size(0));
        output = y;
        if (isMixed(batch)) {
            multiply(batch, x, y);
            mixed.forward(batch, x, y);
            return y;
        }
        boolean hasBias = onlyBias != null && product.run(x, onlyBias, y);
        if (!hasBias) {
            multiply(batch, x, y);
        }
        runSegments(x.size(0), (blocks, one, i) -> {
            INDArray xRows = batch.block(blocks.inputs, x, i);
            INDArray yRows = batch.block(blocks.outputs, y, i);
            if (!sharesWeight(one)) {
                one.multiply(xRows, yRows);
            }
            one.addUpdates(xRows, yRows);
            if (!sharesBias) {
                one.addBias(yRows);
            }
        });
        if (sharesBias && !hasBias) {
            segments.get(0).addBias(y);
        }
        return y;
    }

    private void multiply(Segments batch, INDArray x, INDArray y) {
        if (batch.isContinued()) {
            product.runAlone(x, y); // The further products are those of the block before.
        } else {
            product.run(x, y);
        }
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        INDArray xGradient = wantsInput ? scratch.take(yGradient.size(0), layer.inputSize()) : null;
        backward(batch, yGradient, xGradient, false);
        return xGradient;
    }

    /**
     * Computes the gradients of the parameters, and that of the input.
     *
     * @param xGradient gets {@code ∂L/∂x [n, in]}; null if it is not needed
     * @param adds whether the gradient of the input is added to what is there
     */
    void backward(Segments batch, INDArray yGradient, @Nullable INDArray xGradient, boolean adds) {
        INDArray baseGradient =
                readsBase ? baseGradients.rows(yGradient.size(0)).assign(yGradient) : yGradient;
        runSegments(
                yGradient.size(0),
                (blocks, one, i) -> one.computeGradients(
                        batch.block(blocks.outputGradients, yGradient, i),
                        batch.block(blocks.baseGradients, baseGradient, i)));
        if (xGradient != null) {
            computeInputGradient(batch, baseGradient, xGradient, adds);
        }
    }

    private void computeInputGradient(Segments batch, INDArray baseGradient, INDArray xGradient, boolean adds) {
        if (sharesWeights) {
            product.runTransposed(baseGradient, xGradient, adds);
        }
        runSegments(xGradient.size(0), (blocks, one, i) -> {
            INDArray rows = batch.block(blocks.inputGradients, xGradient, i);
            if (!sharesWeights) {
                one.multiplyGradient(batch.block(blocks.baseGradients, baseGradient, i), rows, adds);
            }
            one.addInputGradients(rows);
        });
    }
}
