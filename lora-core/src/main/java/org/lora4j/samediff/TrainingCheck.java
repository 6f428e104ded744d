package org.lora4j.samediff;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.lora4j.internal.MessageText;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.enums.WeightsFormat;
import org.nd4j.linalg.api.ops.impl.layers.convolution.Conv2D;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds operations whose gradient ND4J does not compute, before a training fails on them. */
final class TrainingCheck {
    private static final Logger log = LoggerFactory.getLogger(SameDiffLoRA.class);

    private TrainingCheck() {}

    /**
     * Checks the operations of which a training computes gradients: adapted ones, and those after them.
     *
     * @throws IllegalStateException if one has no gradient; the message lists them all
     */
    static void require(SameDiff graph, List<WeightUse> adapted) {
        List<String> problems = new ArrayList<>();
        for (WeightUse use : adapted) {
            if (use instanceof Convolution conv) {
                checkKernel(Graphs.op(graph, use.op()), conv.settings(), problems);
            }
        }
        for (String name : operationsAfter(graph, adapted)) {
            SameDiffOp op = Graphs.op(graph, name);
            if (op.getOp().opName().startsWith("dropout")) {
                problems.add(Graphs.label(op) + " is a dropout; train a graph without it");
            } else if (op.getOp().opName().equals("enter")) {
                problems.add(Graphs.label(op) + " begins a whileLoop; build its steps one after the other");
            } else if (op.getOp().opName().equals("gather")) {
                log.warn("{}: the gradient of gather in ND4J is wrong where an index repeats", Graphs.label(op));
            } else if (op.getOp() instanceof Conv2D conv) {
                checkKernel(op, Convolution.Settings.of(conv.iArgs()), problems);
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalStateException(
                    "ND4J must compute the gradients of adapted operations and those after them, but does not where "
                            + MessageText.line(String.join("; ", problems)));
        }
    }

    private static void checkKernel(SameDiffOp op, Convolution.Settings settings, List<String> problems) {
        if (settings.weightsFormat() != WeightsFormat.YXIO) {
            problems.add(Graphs.label(op) + " has a kernel of the format " + settings.weightsFormat()
                    + "; store the kernel as [kh, kw, in, out]");
        }
    }

    private static Set<String> operationsAfter(SameDiff graph, List<WeightUse> uses) {
        Set<String> found = new LinkedHashSet<>();
        Deque<String> open = new ArrayDeque<>();
        uses.forEach(use -> open.addAll(Graphs.op(graph, use.op()).getOutputsOfOp()));
        while (!open.isEmpty()) {
            for (String op : Graphs.consumers(graph, open.remove())) {
                if (found.add(op)) {
                    open.addAll(Graphs.op(graph, op).getOutputsOfOp());
                }
            }
        }
        return found;
    }
}
