package org.lora4j.example.text.experiment;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.lora4j.LoRAModel;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.text.report.BaseCheck;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The check that a training with LoRA leaves the base as it is, bit for bit. */
public final class FrozenCheck {
    /** The outputs are compared on this many texts. */
    private static final int COMPARED = 64;

    private final Network copy;
    private final Function<Model, INDArray> compute;
    private final INDArray output;

    /**
     * Starts before the training.
     *
     * @param base the base, which is copied
     * @param texts texts of which some are computed before and after
     */
    FrozenCheck(Network base, TokenizedTexts texts) {
        this(base, model -> texts.first(COMPARED).map(model::predict));
    }

    /**
     * Starts before the training.
     *
     * @param base the base, which is copied
     * @param compute computes what is compared, before and after
     */
    public FrozenCheck(Network base, Function<Model, INDArray> compute) {
        copy = base.copy();
        this.compute = compute;
        output = compute.apply(base);
    }

    /**
     * Compares the base of a model with what it was, and prints the result.
     *
     * @param model the model
     * @param out where the result is printed
     * @return the result
     */
    public BaseCheck compare(LoRAModel model, TextOutput out) {
        out.section("The base, bit for bit");
        Map<String, Boolean> unchanged = new LinkedHashMap<>();
        Iterator<Parameter> originals = copy.parameters().iterator();
        for (Parameter parameter : model.network().parameters()) {
            unchanged.put(
                    parameter.name(),
                    sameBits(parameter.value(), originals.next().value()));
        }
        boolean outputUnchanged = sameBits(output, compute.apply(model.base()));
        out.check("Parameters are unchanged", unchanged);
        out.check("Without the adapter the output is the same as before", Map.of("output", outputUnchanged));
        return new BaseCheck(unchanged, outputUnchanged);
    }

    /** Compares exactly; the equality of ND4J allows differences of 1e-5. */
    private static boolean sameBits(INDArray a, INDArray b) {
        return Arrays.equals(a.shape(), b.shape())
                && Arrays.equals(a.dup('c').data().asFloat(), b.dup('c').data().asFloat());
    }
}
