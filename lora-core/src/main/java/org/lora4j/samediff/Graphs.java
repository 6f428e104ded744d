package org.lora4j.samediff;

import java.util.List;
import java.util.Objects;
import org.nd4j.autodiff.samediff.ArrayHolder;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.autodiff.samediff.internal.Variable;

/** What a graph keeps by name, and copies of graphs. */
final class Graphs {
    private Graphs() {}

    /** An operation that exists. */
    static SameDiffOp op(SameDiff graph, String name) {
        return Objects.requireNonNull(graph.getOps().get(name), name);
    }

    /** A variable that exists. */
    static Variable variable(SameDiff graph, String name) {
        return Objects.requireNonNull(graph.getVariables().get(name), name);
    }

    /** What users call an operation: the name of its first output. */
    static String label(SameDiffOp op) {
        return op.getOutputsOfOp().get(0);
    }

    /** The operations that read a variable. */
    static List<String> consumers(SameDiff graph, String name) {
        List<String> consumers = variable(graph, name).getInputsForOp();
        return consumers == null ? List.of() : consumers;
    }

    /** A graph of the same operations on the same arrays. */
    static SameDiff sharing(SameDiff graph) {
        SameDiff copy = SameDiff.create();
        graph.invokeGraphOn(copy);
        copy.getSessions().clear();
        copy.setLossVariables(graph.getLossVariables().toArray(new String[0]));
        return copy;
    }

    /** Gives a graph arrays of its own. A holder that has an array copies a new one into it, so it is removed first. */
    static void detach(SameDiff graph) {
        for (ArrayHolder holder : List.of(graph.getConstantArrays(), graph.getVariablesArrays())) {
            for (String name : List.copyOf(holder.arrayNames())) {
                holder.setArray(name, holder.removeArray(name).dup());
            }
        }
    }
}
