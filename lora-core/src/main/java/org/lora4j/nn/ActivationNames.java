package org.lora4j.nn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import org.lora4j.nn.layer.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationGELU;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationThresholdedReLU;

/** Activation functions as data: the name in ND4J's enum, and parameters where they are not the defaults. */
final class ActivationNames {
    private static final String FUNCTION = "function";
    private static final String PARAMETERS = "parameters";

    private ActivationNames() {}

    /** Writes the function to an object. */
    static void describe(Activation activation, ObjectNode node) {
        IActivation function = activation.function();
        for (org.nd4j.linalg.activations.Activation name : org.nd4j.linalg.activations.Activation.values()) {
            IActivation standard = name.getActivationFunction();
            if (standard.getClass() == function.getClass()) {
                node.put(FUNCTION, name.name());
                if (!standard.equals(function)) {
                    ArrayNode parameters = node.putArray(PARAMETERS);
                    parameters(activation).forEach(parameters::add);
                }
                return;
            }
        }
        throw unknown(activation);
    }

    private static List<Double> parameters(Activation activation) {
        IActivation function = activation.function();
        if (function instanceof ActivationELU elu) {
            return List.of(elu.getAlpha());
        }
        if (function instanceof ActivationLReLU leaky) {
            return List.of(leaky.getAlpha());
        }
        if (function instanceof ActivationThresholdedReLU thresholded) {
            return List.of(thresholded.getTheta());
        }
        if (function instanceof ActivationGELU gelu) {
            return List.of(gelu.isPrecise() ? 1.0 : 0.0);
        }
        if (function instanceof ActivationReLU relu && relu.getMax() != null) {
            return List.of(relu.getMax(), orZero(relu.getThreshold()), orZero(relu.getNegativeSlope()));
        }
        throw unknown(activation);
    }

    private static double orZero(Double value) {
        return value == null ? 0 : value;
    }

    private static IllegalArgumentException unknown(Activation activation) {
        return new IllegalArgumentException(activation.path()
                + ": only activations of ND4J can be described as data, found "
                + activation.function().getClass().getName());
    }

    /** Creates the function that an object describes. */
    static IActivation create(String path, JsonNode node) {
        String name = NetworkArchitecture.requireText(node, FUNCTION).toUpperCase(Locale.ROOT);
        JsonNode parameters = node.path(PARAMETERS);
        try {
            if (parameters.isMissingNode()) {
                return org.nd4j.linalg.activations.Activation.valueOf(name).getActivationFunction();
            }
            double first = parameters.path(0).asDouble();
            return switch (name) {
                case "ELU" -> new ActivationELU(first);
                case "LEAKYRELU" -> new ActivationLReLU(first);
                case "THRESHOLDEDRELU" -> new ActivationThresholdedReLU(first);
                case "GELU" -> new ActivationGELU(first != 0);
                case "RELU" ->
                    new ActivationReLU(
                            first,
                            parameters.path(1).asDouble(),
                            parameters.path(2).asDouble());
                default -> throw new IllegalArgumentException("the function has no parameters");
            };
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(path + ": the function must be an activation of ND4J, found " + node, e);
        }
    }
}
