package org.lora4j.nn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * The architecture of a {@link Network} as data: its layers without their parameters. Another process builds the same
 * network from it.
 *
 * <p>Immutable. Two instances are equal if they describe the same layers.
 */
final class NetworkArchitecture {
    private final ObjectNode description;

    private NetworkArchitecture(ObjectNode description) {
        this.description = description;
    }

    /**
     * Describes a network, without its parametrizations.
     *
     * @throws IllegalArgumentException if an activation is none of ND4J's own
     */
    static NetworkArchitecture of(Network network) {
        ObjectNode description = StrictJson.MAPPER.createObjectNode();
        description.put("dataType", network.dataType().name());
        description.put("inputSize", network.inputSize());
        ArrayNode layers = description.putArray("layers");
        for (Layer layer : network.layers()) {
            ObjectNode node = layers.addObject();
            node.put("path", layer.path());
            if (layer instanceof Linear linear) {
                node.put("type", "linear");
                node.put("outputSize", linear.outputSize());
                node.put("bias", linear.bias() != null);
            } else if (layer instanceof Activation activation) {
                node.put("type", "activation");
                ActivationNames.describe(activation, node);
            } else {
                throw new IllegalArgumentException(layer.path()
                        + ": a network file holds linear layers and activations, found " + layer
                        + "; save a transformer with the save method of its model");
            }
        }
        return new NetworkArchitecture(description);
    }

    /** The description of a network, or nothing if an activation is none of ND4J's own. */
    static Optional<NetworkArchitecture> find(Network network) {
        try {
            return Optional.of(of(network));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /**
     * Reads a description.
     *
     * @param json what {@link #toJson} returned
     * @return the architecture
     * @throws IllegalArgumentException if it does not describe a network
     */
    public static NetworkArchitecture parse(String json) {
        return parse(json, Double.POSITIVE_INFINITY);
    }

    /**
     * Reads a description of a network that must not have more elements than this in its parameters.
     *
     * @throws IllegalArgumentException if it does not describe a network, or a larger one; no memory is used for it
     */
    static NetworkArchitecture parse(String json, double mostElements) {
        Objects.requireNonNull(json, "json must not be null");
        if (StrictJson.parse("architecture", json) instanceof ObjectNode object) {
            requireSize(object, mostElements);
            // Built once, so that whatever is wrong is found here; what is not needed is left out.
            return of(build(object, 0));
        }
        throw new IllegalArgumentException("an architecture must be a JSON object, found something else");
    }

    private static void requireSize(ObjectNode description, double mostElements) {
        double inputs = description.path("inputSize").asDouble();
        double elements = 0;
        for (JsonNode layer : description.path("layers")) {
            double outputs = layer.path("outputSize").asDouble();
            if (outputs > 0) {
                elements += inputs * outputs;
                inputs = outputs;
            }
        }
        if (elements > mostElements) {
            throw new IllegalArgumentException(
                    "the parameters must be those of the network, found far fewer than it describes: about "
                            + (long) elements + " elements");
        }
    }

    /**
     * Builds the network with new parameters, initialized as by {@link Network.Builder#build}.
     *
     * @param seed the seed of the initial parameters
     * @return a network, all of whose parameters are trainable
     */
    public Network build(long seed) {
        return build(description, seed);
    }

    private static Network build(ObjectNode description, long seed) {
        Network.Builder builder = Network.builder(requireNumber(description, "inputSize"))
                .dataType(requireType(requireText(description, "dataType")));
        JsonNode layers = description.get("layers");
        if (layers == null || !layers.isArray()) {
            throw new IllegalArgumentException("an architecture must have a list of layers, found none");
        }
        for (JsonNode layer : layers) {
            String path = requireText(layer, "path");
            String type = requireText(layer, "type");
            switch (type) {
                case "linear" ->
                    builder.linear(
                            path,
                            requireNumber(layer, "outputSize"),
                            layer.path("bias").asBoolean(true));
                case "activation" -> builder.activation(path, ActivationNames.create(path, layer));
                default ->
                    throw new IllegalArgumentException(
                            path + ": the type of a layer must be linear or activation, found " + type);
            }
        }
        return builder.build(seed);
    }

    private static DataType requireType(String name) {
        return switch (name) {
            case "FLOAT" -> DataType.FLOAT;
            case "DOUBLE" -> DataType.DOUBLE;
            default -> throw new IllegalArgumentException("dataType must be FLOAT or DOUBLE, found " + name);
        };
    }

    private static long requireNumber(JsonNode node, String field) {
        JsonNode value = node.get(field);
        if (value == null || !value.isIntegralNumber() || !value.canConvertToInt()) {
            throw new IllegalArgumentException(field + " must be an integer of 32 bits, found " + value);
        }
        return value.longValue();
    }

    static String requireText(JsonNode node, String field) {
        JsonNode value = node.get(field);
        if (value == null || !value.isTextual()) {
            throw new IllegalArgumentException(field + " must be a text, found " + value);
        }
        if (!MessageText.isUnicode(value.textValue())) {
            throw new IllegalArgumentException(field + " must be valid Unicode, found a lone surrogate in "
                    + MessageText.quote(value.textValue()));
        }
        return value.textValue();
    }

    /**
     * Returns the architecture as JSON, on one line.
     *
     * @return the text that {@link #parse} reads
     */
    public String toJson() {
        return description.toString();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof NetworkArchitecture that && description.equals(that.description);
    }

    @Override
    public int hashCode() {
        return description.hashCode();
    }

    @Override
    public String toString() {
        return toJson();
    }
}
