package org.lora4j.nn.compute.internal;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.Inputs;
import org.lora4j.nn.batch.internal.KeyValueCache;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.weight.internal.Engines;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The activations and buffers of a network that computes. What a batch computes with, and the gradients, are in its
 * {@link Segment}s.
 *
 * <p>A pass is created once and used for any number of batches of any size; after the first few calls it allocates
 * nothing. It belongs to one thread at a time, while any number of passes share one network. The arrays it returns
 * are its own buffers, valid until its next call; copy what is to be kept.
 */
public final class Pass {
    private final LayerStack network;
    private final boolean training;
    private final Segment own;
    private final char order;
    private final Scratch scratch;

    /** The first layer of a network that takes tokens. */
    private final @Nullable TokenEmbeddingsPass<?> embeddings;

    private final Chain chain;

    /** The head and what bounds its output, if their rows are tokens. */
    private final @Nullable HeadPass head;

    /** How many layers that are. */
    private final int headLayers;

    /** The last layer for segments with heads of other widths, if it is linear. */
    private final @Nullable SegmentHeads heads;

    /** The passes of other stacks that begin with layers of this network. */
    private final Map<LayerStack, Pass> ends = new HashMap<>();

    /** Activations that were copied for some segments, after layers that were computed once for all. */
    private final BatchBuffer.ByWidth copied;

    /** The rows of several segments. Unlike the arrays of callers, these are used again. */
    private final BatchBuffer inputs;

    private final BatchBuffer outputGradients;
    private final RowBlocks inputBlocks = new RowBlocks();
    private final RowBlocks outputBlocks = new RowBlocks();
    private Segments batch;
    private @Nullable INDArray input;
    private @Nullable INDArray output;

    /** The segment of the last prediction. */
    private @Nullable Segment predicting;

    /** The input of the last layer after {@link #forwardToHead}, else null. */
    private @Nullable INDArray headInput;

    /** Its gradient, if it is needed. */
    private @Nullable INDArray headInputGradient;

    /** The rows of each segment whose loss was computed last. */
    private final Map<Integer, HeadPass.Rows> headRows = new HashMap<>();

    /**
     * Creates a pass of a segment.
     *
     * @param own the segment, whose layers are resolved at the start of each {@link #forward(Input)}. A change that comes in
     *     the meantime takes effect in the next call
     * @param recomputes whether the layers of a transformer keep only their inputs in a training, and compute the rest again
     *     for the gradients. Their buffers are then shared
     */
    public Pass(Segment own, boolean recomputes) {
        this(own, order(own), recomputes);
    }

    /**
     * Creates a pass over a network with a segment of its own, which computes nothing again.
     *
     * @param network the layers of the network
     * @param training whether gradients will be computed
     * @param resolver called once at the start of each {@link #forward(Input)}: what each linear layer computes with
     */
    public Pass(LayerStack network, boolean training, Supplier<? extends EffectiveLayers> resolver) {
        this(new Segment(network, training, resolver), false);
    }

    private Pass(Segment own, char order, boolean recomputes) {
        this.own = own;
        network = own.network();
        training = own.isTraining();
        List<Layer> layers = network.layers();
        this.order = order;
        PassResources resources = PassResources.of(network.dataType(), order, training);
        scratch = resources.scratch();
        PassBuilder builder = new PassBuilder(
                resources, training && recomputes ? new Recomputation(network.dataType(), order) : null);
        if (layers.get(0) instanceof TokenEmbeddings tokens) {
            embeddings = TokenEmbeddingsPass.of(tokens, resources);
            chain = builder.chain(
                    layers.subList(1, layers.size()), tokens.word().outputSize(), true);
        } else {
            embeddings = null;
            chain = builder.chain(layers, network.inputSize(), false);
        }
        Linear linear = network.outputRows() == Layer.RowKind.TOKEN ? network.head() : null;
        head = linear == null ? null : new HeadPass(linear, network.softcap(), resources);
        headLayers = network.softcap() == null ? 1 : 2;
        copied = new BatchBuffer.ByWidth(network.dataType(), order);
        heads = layers.get(layers.size() - 1) instanceof Linear last ? new SegmentHeads(last, resources) : null;
        inputs = new BatchBuffer(network.dataType(), network.inputSize(), 'c');
        outputGradients = new BatchBuffer(network.dataType(), network.outputSize(), order);
        // Whatever cannot be computed fails here, before a training starts.
        batch = Segments.of(own);
        chain.bind(batch);
    }

    /** BLAS multiplies few rows fastest in 'f' order. An engine, which multiplies floats, reads and writes rows. */
    private static char order(Segment own) {
        boolean usesEngine = own.network().dataType() == DataType.FLOAT && Engines.engine() != null;
        return isDense(own.network()) && !usesEngine ? 'f' : 'c';
    }

    private static boolean isDense(LayerStack network) {
        return network.layers().stream().allMatch(layer -> layer instanceof Linear || layer instanceof Activation);
    }

    /**
     * Creates a pass for several trainings of one network, which are computed together. Each segment gets the same gradients
     * as alone, except for rounding. A row of one segment is never read for another, so numbers of one that are not finite do
     * not affect the others.
     *
     * @param segments the segments of the trainings, at least one
     * @param recomputes whether layers keep only their inputs, see {@link #Pass}
     * @return the pass
     * @throws IllegalArgumentException if they do not compute one and the same network, or one trains a parameter that
     *     another computes with
     */
    public static Pass together(List<Segment> segments, boolean recomputes) {
        Segment first = segments.get(0);
        Map<Parameter, Segment> trained = new HashMap<>();
        for (Segment segment : segments) {
            if (segment.network() != first.network()) {
                throw new IllegalArgumentException("models that train together must have one and the same base network,"
                        + " found another one; train the models of each base in a trainer of their own");
            }
            segment.trainableParameters().forEach(parameter -> trained.put(parameter, segment));
        }
        for (Segment segment : segments) {
            for (Parameter parameter : segment.parameters()) {
                Segment owner = trained.get(parameter);
                if (owner != null && owner != segment) {
                    throw new IllegalArgumentException("models that train together must not share what one of them"
                            + " trains, found " + parameter.name()
                            + " in two of them; name each adapter in one view only, and freeze the base");
                }
            }
        }
        // In this order, the rows of a segment are contiguous.
        return new Pass(first, 'c', recomputes);
    }

    /**
     * Returns the segment of a pass that computes one model.
     *
     * @return the segment of {@link #forward(Input)}
     */
    public Segment segment() {
        return own;
    }

    /**
     * Computes the output of a batch.
     *
     * @param x the input; not written to
     * @return the output {@code [rows, outputSize]}, a buffer of this pass
     * @throws IllegalArgumentException if the input does not fit the network
     */
    public INDArray forward(Input x) {
        require(x);
        own.resolve();
        return forward(Segments.of(own, x));
    }

    /**
     * Computes the output of rows of features.
     *
     * @param x the input {@code [n, inputSize]} of the network's type; not written to
     * @return the output {@code [n, outputSize]}, a buffer of this pass
     * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit
     */
    public INDArray forward(INDArray x) {
        return forward(Input.of(x));
    }

    /**
     * Computes the output of a batch of any segments, which must be resolved.
     *
     * @param segments the segments with their input, which must fit the network, see {@link #require}; not written to
     * @return the output {@code [rows, outputSize]}, a buffer of this pass
     * @throws IllegalStateException if a {@link KeyValueCache} is of other effective layers, or too small
     */
    public INDArray forward(Segments segments) {
        INDArray result = chain.forward(segments, begin(segments));
        output = result;
        segments.endCaching();
        return result;
    }

    /**
     * Computes the output of a batch whose segments may have heads with another number of outputs than the network, or an end of
     * their own. The layers that all of them have are computed once for all rows, and what follows for those of each end.
     *
     * @param segments the segments with their input, which must be resolved and fit the network, see {@link #require}. A segment of
     *     another stack begins with layers of this one, see {@link LayerStack#after}
     * @param outputs gets the output of each segment
     */
    public void forwardEach(Segments segments, SegmentOutputs outputs) {
        int shared = segments.all().stream()
                .map(this::endOf)
                .mapToInt(this::countShared)
                .min()
                .orElseThrow();
        INDArray x = chain.forwardTo(shared, segments, begin(segments));
        int from = 0;
        while (from < segments.count()) {
            Pass end = endOf(segments.get(from));
            int to = from + 1;
            while (to < segments.count() && endOf(segments.get(to)) == end) {
                to++;
            }
            boolean isAll = to - from == segments.count();
            int row = segments.start(from);
            end.forwardFrom(
                    shared,
                    isAll ? segments : segments.part(from, to),
                    isAll ? x : copy(x, row, segments.start(to) - row),
                    from,
                    outputs);
            from = to;
        }
    }

    /** Copies rows to a matrix that is no view, so that layers can take blocks of it. */
    private INDArray copy(INDArray x, int from, int count) {
        return copied.rows(count, x.size(1)).assign(inputBlocks.of(x, from, count));
    }

    /** How many layers segments of an end have in common with all others. The last one is not among them if each can have its own. */
    private int countShared(Pass end) {
        return chain.countSame(end.chain) - (end == this && heads != null ? 1 : 0);
    }

    /** The pass of the stack of a segment, of which only what follows the layers of this network is computed. */
    private Pass endOf(Segment segment) {
        LayerStack stack = segment.network();
        return stack == network
                ? this
                : ends.computeIfAbsent(
                        stack, other -> new Pass(Segment.predicting(other, WeightedLayer::original), order, false));
    }

    /**
     * Computes one input with several segments. The layers below the first one in which a segment differs from the base are computed
     * once, for all of them.
     *
     * @param x the input, which must fit the network, see {@link #require}
     * @param base the segment that computes those layers
     * @param segments the segments, which must be resolved
     * @param together how many of them are computed at the same time at most
     * @param outputs gets the output of each segment
     */
    public void forwardWithAll(Input x, Segment base, List<Segment> segments, int together, SegmentOutputs outputs) {
        Predicate<WeightedLayer> differs = layer ->
                segments.stream().anyMatch(segment -> !segment.of(layer).equals(base.of(layer)));
        boolean sharesInput =
                embeddings == null || !Chain.anyMatches(network.layers().get(0), differs);
        int sharedLayers = sharesInput ? chain.countShared(differs) : 0;
        Segments once = Segments.of(base, x);
        INDArray shared =
                sharesInput ? chain.forwardTo(sharedLayers, once, begin(once)).dup(order) : null;
        for (int from = 0; from < segments.size(); from += together) {
            List<Segment> now = segments.subList(from, Math.min(segments.size(), from + together));
            Segments rest = Segments.of(now, Collections.nCopies(now.size(), x));
            INDArray activations = shared == null ? begin(rest) : repeat(shared, rest);
            forwardFrom(sharedLayers, rest, activations, from, outputs);
        }
    }

    /** Begins a batch whose segments have the same activations, which were computed once. */
    private INDArray repeat(INDArray activations, Segments rest) {
        rest.all().forEach(Segment::beginStep);
        batch = rest;
        long rows = activations.size(0);
        INDArray all = copied.rows(rows * rest.count(), activations.size(1));
        for (int i = 0; i < rest.count(); i++) {
            inputBlocks
                    .of(all, Math.toIntExact(i * rows), Math.toIntExact(rows))
                    .assign(activations);
        }
        return all;
    }

    private void forwardFrom(int layer, Segments rest, INDArray x, int firstSegment, SegmentOutputs outputs) {
        if (rest.all().stream().allMatch(segment -> network.outputSize(segment.layers()) == network.outputSize())) {
            INDArray y = chain.forwardFrom(layer, rest, x);
            for (int i = 0; i < rest.count(); i++) {
                outputs.accept(firstSegment + i, outputBatch(rest).block(outputBlocks, y, i));
            }
            return;
        }
        requireHeads()
                .forward(
                        outputBatch(rest),
                        chain.forwardFromToLast(layer, rest, x),
                        (i, y) -> outputs.accept(firstSegment + i, y));
    }

    private SegmentHeads requireHeads() {
        if (heads == null) {
            throw new IllegalStateException("the last layer must be a linear layer, found "
                    + network.layers().get(network.layers().size() - 1));
        }
        return heads;
    }

    /** The batch whose rows are those of the output. */
    private Segments outputBatch(Segments segments) {
        return network.outputRows() == Layer.RowKind.TOKEN ? segments : segments.pooled();
    }

    /**
     * Returns a segment of a prediction. The layers of the last prediction get its segment again, so nothing must be bound anew.
     *
     * @param layers what each layer computes with
     * @return the segment, for a batch without others
     */
    public Segment predicting(EffectiveLayers layers) {
        Segment last = predicting;
        if (last == null || last.layers() != layers) {
            last = Segment.predicting(layers.stack(network), layers);
            predicting = last;
        }
        return last;
    }

    /** Prepares for a batch, and returns what the chain computes with. */
    private INDArray begin(Segments segments) {
        segments.beginCaching();
        segments.all().forEach(Segment::beginStep);
        batch = segments;
        if (training) {
            chain.bind(segments);
        }
        INDArray activations = embeddings == null ? rows(segments) : embeddings.forward(segments);
        input = activations;
        output = null;
        headInput = null;
        headRows.clear();
        return activations;
    }

    /**
     * Returns whether {@link #forwardToHead} can be used: the network ends with a {@linkplain LayerStack#head head}, and its rows
     * are tokens.
     *
     * @return true for a language model
     */
    public boolean hasHead() {
        return head != null;
    }

    /**
     * Computes a batch up to the input of the head. {@link #headLoss} computes the head for those rows whose
     * output is needed, {@link #backwardFromHead} the gradients of all other layers.
     *
     * @param segments the segments with their input, which must be resolved and fit the network, see {@link #require}
     * @throws IllegalStateException if there is no head
     */
    public void forwardToHead(Segments segments) {
        HeadPass last = requireHead();
        INDArray x = chain.forwardToEnd(segments, begin(segments), headLayers);
        headInput = x;
        headInputGradient = null;
        beginGradients();
        if (training && (chain.trainsBeforeEnd(headLayers) || embeddingsTrain())) {
            headInputGradient = last.noGradient(x.size(0));
        }
        segments.endCaching();
    }

    /**
     * Computes the output of some rows of a segment in blocks, and their loss. In a training it computes the gradients of the
     * head.
     *
     * @param segment the number of the segment
     * @param rows the rows, numbered from 0 in the segment, in ascending order, each at most once
     * @param loss computes the loss of each block
     * @return the sum of the parts
     * @throws IllegalStateException if the last forward was not {@link #forwardToHead}
     */
    public double headLoss(int segment, int[] rows, RowsLoss loss) {
        HeadPass.Rows chosen = new HeadPass.Rows(batch.get(segment), batch.start(segment), rows);
        headRows.put(segment, chosen);
        return requireHead().run(chosen, requireHeadInput(), loss, headInputGradient);
    }

    /**
     * Computes the output of some rows of a segment in blocks, without gradients, for a loss that must know all of them before
     * it has a gradient for one. {@link #headLoss} computes the same outputs again.
     *
     * @param segment the number of the segment
     * @param rows the rows, as in {@link #headLoss}
     * @param visitor sees the outputs of each block; what it writes to them is lost
     * @return the sum of what it returned
     * @throws IllegalStateException if the last forward was not {@link #forwardToHead}
     */
    public double headOutput(int segment, int[] rows, RowsLoss visitor) {
        HeadPass.Rows chosen = new HeadPass.Rows(batch.get(segment), batch.start(segment), rows);
        headRows.put(segment, chosen);
        return requireHead().visit(chosen, requireHeadInput(), visitor);
    }

    /**
     * Returns whether this pass computes gradients.
     *
     * @return true for a training
     */
    public boolean isTraining() {
        return training;
    }

    /**
     * Computes the gradients of the layers before the head, after {@link #headLoss} for each segment. A row without a loss has
     * no part in them.
     *
     * @throws IllegalStateException if the last forward was not {@link #forwardToHead}
     */
    public void backwardFromHead() {
        requireHeadInput();
        if (headInputGradient != null) {
            backwardToEmbeddings(chain.backwardFromEnd(batch, headInputGradient, headLayers, embeddingsTrain()));
        }
    }

    private HeadPass requireHead() {
        if (head == null) {
            throw new IllegalStateException("the last layer must be a linear layer over tokens, found "
                    + network.layers().get(network.layers().size() - 1));
        }
        return head;
    }

    private INDArray requireHeadInput() {
        if (headInput == null) {
            throw new IllegalStateException(
                    "headLoss must follow forwardToHead, found forward or none; call forwardToHead before");
        }
        return headInput;
    }

    private INDArray rows(Segments segments) {
        if (segments.count() == 1) {
            return Inputs.withoutBroadcast(Inputs.rows(segments.inputs().get(0)));
        }
        INDArray all = inputs.rows(segments.examples());
        int from = 0;
        for (Input part : segments.inputs()) {
            inputBlocks.of(all, from, part.count()).assign(Inputs.rows(part));
            from += part.count();
        }
        return all;
    }

    /**
     * Checks that an input fits the network.
     *
     * @param x the input
     * @throws IllegalArgumentException if it is of the other kind, or its shape, its type, a token or a length does not fit
     */
    public void require(Input x) {
        Inputs.require(x, network);
    }

    /**
     * Computes the gradients of the trainable parameters; see {@link #gradient}.
     *
     * @param outputGradient {@code ∂L/∂y [n, outputSize]} of the last {@link #forward}; not written to
     * @throws IllegalStateException if this pass does not train or {@link #forward} was not called
     * @throws IllegalArgumentException if the shape or the type does not fit the last output
     */
    public void backward(INDArray outputGradient) {
        if (!training || output == null) {
            throw new IllegalStateException("backward needs a training pass and a forward before it");
        }
        if (!Arrays.equals(outputGradient.shape(), output.shape()) || outputGradient.dataType() != output.dataType()) {
            throw new IllegalArgumentException("output gradient: must be like the output, " + Inputs.describe(output)
                    + ", found " + Inputs.describe(outputGradient));
        }
        beginGradients();
        backwardToEmbeddings(chain.backward(batch, inOrder(outputGradient), embeddingsTrain()));
    }

    private void beginGradients() {
        batch.all().forEach(segment -> segment.gradients().begin());
    }

    private boolean embeddingsTrain() {
        return embeddings != null && embeddings.trains(batch);
    }

    private void backwardToEmbeddings(@Nullable INDArray gradient) {
        if (embeddings != null && gradient != null) {
            embeddings.backward(batch, gradient);
            scratch.release(gradient);
        }
    }

    /** Loops over rows read each row in one piece, so they need the order of the activations. */
    private INDArray inOrder(INDArray gradient) {
        boolean isInRows = gradient.stride(1) == 1 && gradient.stride(0) == gradient.size(1);
        return order == 'f' || isInRows
                ? gradient
                : outputGradients.rows(gradient.size(0)).assign(gradient);
    }

    /**
     * Returns the rows of the last output, or of its gradient, that belong to a segment.
     *
     * @param matrix {@code [rows, outputSize]} in 'c' order
     * @param segment the number of the segment
     * @return a view of its rows
     */
    public INDArray block(INDArray matrix, int segment) {
        return outputBatch(batch).block(outputBlocks, matrix, segment);
    }

    /**
     * Returns the gradient that the last {@link #backward} computed for a parameter; see {@link Segment#gradient}.
     *
     * @param parameter one of {@link #trainableParameters}
     * @return the gradient in the parameter's shape and order, a buffer
     * @throws IllegalArgumentException if the parameter does not train in this pass
     */
    public INDArray gradient(Parameter parameter) {
        return own.gradient(parameter);
    }

    /**
     * Returns the parameters that train in this pass.
     *
     * @return in the order of the network; empty if the pass does not train
     */
    public Set<Parameter> trainableParameters() {
        return own.trainableParameters();
    }

    /**
     * Finds where numbers stopped being finite in the last {@link #forward}.
     *
     * @return the path of the first layer whose output holds NaN or an infinity, {@code input} if the batch itself
     *     does, or nothing
     */
    public Optional<String> firstNonFinite() {
        return firstNonFinite(0);
    }

    /**
     * Finds where numbers of a segment stopped being finite in the last {@link #forward}.
     *
     * @param segment the number of the segment
     * @return the path of the first layer whose output is not finite for its rows, {@code input}, or nothing
     */
    public Optional<String> firstNonFinite(int segment) {
        if (input != null && !batch.isFinite(input, segment)) {
            return Optional.of(
                    embeddings == null ? "input" : network.layers().get(0).path());
        }
        Optional<String> place = chain.firstNonFinite(batch, segment);
        HeadPass.Rows rows = headRows.get(segment);
        return place.isPresent() || rows == null || requireHead().isFinite(rows, requireHeadInput())
                ? place
                : Optional.of(requireHead().path());
    }
}
