package org.lora4j.nn.internal;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayBits;
import org.lora4j.internal.RowBlocks;
import org.lora4j.nn.Activation;
import org.lora4j.nn.Layer;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes the steps of several training passes over one network at once. The rows of all batches lie one under the other,
 * so each layer computes one product with its weight forward and one backward, however many passes there are. Each pass
 * keeps its own parameters, gradients and random numbers, and gets the same gradients as alone, except for rounding.
 *
 * <p>In each step, {@link Pass#prepare} comes first for each member, then {@link #forward}, then the caller writes
 * {@link #outputGradient} of each member, then {@link #backward}. A row of one member is never read for another, so a
 * member whose numbers are not finite does not affect the others. It belongs to one thread at a time.
 */
public final class JointPass {
    private final List<Layer> layers;
    private final JointLinear[] linears;
    private final LayerPass[] activations;
    private final INDArray[] outputs;
    private final RowBlocks outputBlocks = new RowBlocks();
    private final JointRows inputs;
    private final JointRows outputGradients;
    private List<Pass> boundMembers = List.of();
    private long boundChanges;
    private int firstTraining;
    private @Nullable JointBatch batch;

    private JointPass(Network network) {
        layers = network.layers();
        linears = new JointLinear[layers.size()];
        activations = new LayerPass[layers.size()];
        outputs = new INDArray[layers.size()];
        long size = network.inputSize();
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i) instanceof Linear linear) {
                linears[i] = new JointLinear(linear, i, network.dataType());
                size = linear.outputSize();
            } else {
                activations[i] = LayerPass.ofActivation(
                        ((Activation) layers.get(i)).function(),
                        network.dataType(),
                        size,
                        JointRows.ORDER,
                        i > 0,
                        true);
            }
        }
        inputs = new JointRows(network.dataType(), network.inputSize());
        outputGradients = new JointRows(network.dataType(), network.outputSize());
    }

    /**
     * Creates a joint pass for some training passes.
     *
     * @param passes the passes that will be its members, at least one
     * @return the joint pass
     * @throws IllegalArgumentException if they do not compute one and the same network, or one trains a parameter that
     *     another computes with
     */
    public static JointPass of(List<Pass> passes) {
        Network network = passes.get(0).network();
        if (network.takesSequences()) {
            throw new IllegalArgumentException("models that train together must take rows of features, found a network"
                    + " that takes sequences of tokens; train each of them with a Trainer");
        }
        for (Layer layer : network.layers()) {
            if (!(layer instanceof Linear || layer instanceof Activation)) {
                throw new IllegalArgumentException("models that train together must have linear layers and activation"
                        + " functions, found " + layer + "; train each of them with a Trainer");
            }
        }
        Map<Parameter, Pass> trained = new HashMap<>();
        for (Pass pass : passes) {
            if (pass.network() != network) {
                throw new IllegalArgumentException("models that train together must have one and the same base network,"
                        + " found another one; train the models of each base in a trainer of their own");
            }
            pass.trainableParameters().forEach(parameter -> trained.put(parameter, pass));
        }
        for (Pass pass : passes) {
            Set<Parameter> all = pass.parameters();
            for (Parameter parameter : all) {
                Pass owner = trained.get(parameter);
                if (owner != null && owner != pass) {
                    throw new IllegalArgumentException("models that train together must not share what one of them"
                            + " trains, found " + parameter.name()
                            + " in two of them; name each adapter in one view only, and freeze the base");
                }
            }
        }
        return new JointPass(network);
    }

    /**
     * Computes the outputs of some members.
     *
     * @param members passes of the network, prepared with {@link Pass#prepare}
     * @param batches the input {@code [n, inputSize]} of each member; not written to
     */
    public void forward(List<Pass> members, List<INDArray> batches) {
        JointBatch now = new JointBatch(members, batches);
        use(now);
        INDArray values = inputs.all(now);
        for (int i = 0; i < now.count(); i++) {
            inputs.block(now, i).assign(batches.get(i));
        }
        for (int i = 0; i < outputs.length; i++) {
            values = linears[i] == null ? activations[i].forward(values) : linears[i].forward(now, values);
            outputs[i] = values;
        }
        members.forEach(Pass::countStep);
        batch = now;
    }

    /** Binds the layers again if the members are others than before, or one computes with something else. */
    private void use(JointBatch now) {
        long changes = 0;
        for (int i = 0; i < now.count(); i++) {
            changes += now.member(i).changes();
        }
        if (now.members().equals(boundMembers) && changes == boundChanges) {
            return;
        }
        firstTraining = layers.size();
        for (int i = 0; i < now.count(); i++) {
            firstTraining = Math.min(firstTraining, now.member(i).firstTraining());
        }
        for (JointLinear linear : linears) {
            if (linear != null) {
                linear.use(now);
            }
        }
        boundMembers = now.members();
        boundChanges = changes;
    }

    private JointBatch batch() {
        if (batch == null) {
            throw new IllegalStateException("forward must be called before");
        }
        return batch;
    }

    /**
     * Returns the output of a member in the last {@link #forward}.
     *
     * @param member its index
     * @return {@code [n, outputSize]}, a part of a buffer of this pass
     */
    public INDArray output(int member) {
        return batch().block(outputBlocks, outputs[outputs.length - 1], member);
    }

    /**
     * Returns the array for the gradient of a member's output, to be written before {@link #backward}.
     *
     * @param member its index
     * @return {@code ∂L/∂y [n, outputSize]}, a part of a buffer of this pass
     */
    public INDArray outputGradient(int member) {
        return outputGradients.block(batch(), member);
    }

    /** Computes the gradients of all members; {@link Pass#gradient} returns them. */
    public void backward() {
        JointBatch now = batch();
        INDArray gradient = outputGradients.all(now);
        for (int i = outputs.length - 1; i >= firstTraining; i--) {
            if (linears[i] != null) {
                linears[i].backward(now, gradient);
            }
            if (i > firstTraining) {
                gradient = linears[i] == null
                        ? Objects.requireNonNull(activations[i].backward(gradient, true))
                        : linears[i].inputGradient(now, gradient);
            }
        }
    }

    /**
     * Finds where the numbers of a member stopped being finite in the last {@link #forward}; see
     * {@link Pass#firstNonFinite}.
     *
     * @param member its index
     * @return the path of the first layer whose output is not finite for its rows, {@code input}, or nothing
     */
    public Optional<String> firstNonFinite(int member) {
        JointBatch now = batch();
        if (!ArrayBits.isFinite(inputs.block(now, member))) {
            return Optional.of("input");
        }
        RowBlocks blocks = new RowBlocks();
        for (int i = 0; i < outputs.length; i++) {
            if (!ArrayBits.isFinite(now.block(blocks, outputs[i], member))) {
                return Optional.of(layers.get(i).path());
            }
        }
        return Optional.empty();
    }
}
