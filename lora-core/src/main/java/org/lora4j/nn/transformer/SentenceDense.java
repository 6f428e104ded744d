package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.ModelSource;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Layer;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.activations.impl.ActivationTanH;

/**
 * A {@code Dense} module of sentence-transformers: {@code y = f(W·x + b)} on the vector of a text. Its module path is the folder
 * and {@code linear}, such as {@code 2_Dense.linear}, which is also the name in files of adapters.
 *
 * @param folder the folder with the files of the module
 * @param inputs the length of x
 * @param outputs the length of y
 * @param hasBias whether there is a b
 * @param function the class of f in PyTorch, without its package
 */
record SentenceDense(String folder, long inputs, long outputs, boolean hasBias, String function) {
    private static final String LINEAR = "linear";
    private static final String FUNCTION = "activation_function";
    private static final String SENTENCE = "sentence_embedding";
    private static final List<String> FUNCTIONS = List.of("Identity", "Tanh", "ReLU", "GELU", "SiLU", "Sigmoid");

    /** The file of the weights in a folder. */
    static String weights(String folder) {
        return folder + "/" + ModelFiles.ONE;
    }

    /**
     * Parses {@code config.json} of the module.
     *
     * @throws IllegalArgumentException if a field is wrong, or asks for something that this library does not compute
     */
    static SentenceDense parse(String folder, String file, String text) {
        JsonNode json = StrictJson.parse(file, text);
        requireSentence(file, json);
        require(file, json, "bias", json.path("bias").isBoolean(), "must be true or false");
        require(
                file,
                json,
                "use_residual",
                !json.path("use_residual").asBoolean(false),
                "must be false, because this library computes no residual of a Dense");
        return new SentenceDense(
                folder,
                size(file, json, "in_features"),
                size(file, json, "out_features"),
                json.path("bias").asBoolean(true),
                function(file, json.path(FUNCTION)));
    }

    /**
     * Checks that a module works on the vectors of texts, and not of tokens.
     *
     * @throws IllegalArgumentException if it does not
     */
    static void requireSentence(String file, JsonNode json) {
        for (String field : List.of("module_input_name", "module_output_name")) {
            JsonNode name = json.path(field);
            require(
                    file,
                    json,
                    field,
                    name.isNull() || name.asText().equals(SENTENCE),
                    "must be " + SENTENCE + ", because this library computes embeddings of texts");
        }
    }

    private static void require(String file, JsonNode json, String field, boolean isRight, String rule) {
        if (!json.path(field).isMissingNode() && !isRight) {
            throw new IllegalArgumentException(file + ": " + field + " " + rule + ", found "
                    + MessageText.quote(json.path(field).toString()));
        }
    }

    private static long size(String file, JsonNode json, String field) {
        JsonNode size = json.path(field);
        if (!size.isInt() || size.intValue() < 1) {
            throw new IllegalArgumentException(file + ": " + field + " must be a whole number from 1 on, found "
                    + MessageText.quote(size.toString()));
        }
        return size.intValue();
    }

    /** The class without its package; sentence-transformers takes the hyperbolic tangent if the file names none. */
    private static String function(String file, JsonNode name) {
        if (name.isMissingNode()) {
            return "Tanh";
        }
        String text = name.asText();
        String function = text.substring(text.lastIndexOf('.') + 1);
        if (!text.startsWith("torch.nn.") || !FUNCTIONS.contains(function)) {
            throw new IllegalArgumentException(file + ": " + FUNCTION + " must be one of " + FUNCTIONS
                    + " of torch.nn, found " + MessageText.quote(name.toString()) + "; this library computes no other");
        }
        return function;
    }

    /** The module path of the layer. */
    String path() {
        return folder + "." + LINEAR;
    }

    /** The start of the names of the parameters. */
    String prefix() {
        return folder + ".";
    }

    /**
     * Reads the weights.
     *
     * @return their file, which has exactly the tensors of the module
     * @throws IOException if there is no such file, or it holds other tensors
     */
    TensorFiles open(ModelSource source) throws IOException {
        TensorFiles file = TensorFiles.open(source, weights(folder));
        Map<String, long[]> expected = new LinkedHashMap<>();
        expected.put(LINEAR + ".weight", new long[] {outputs, inputs});
        if (hasBias) {
            expected.put(LINEAR + ".bias", new long[] {outputs});
        }
        if (!describe(expected).equals(describe(file.shapes()))) {
            throw new SafeTensorsException(
                    file.source(),
                    "tensors",
                    "must be those of " + folder + "/config.json, " + describe(expected),
                    MessageText.line(describe(file.shapes()).toString()));
        }
        return file;
    }

    private static Map<String, String> describe(Map<String, long[]> shapes) {
        Map<String, String> texts = new TreeMap<>();
        shapes.forEach((name, shape) -> texts.put(name, Arrays.toString(shape)));
        return texts;
    }

    /**
     * The layers of the module.
     *
     * @param width the length of the vectors before it
     * @throws IllegalArgumentException if the module takes another length
     */
    List<Layer> layers(ModelParts parts, long width) {
        if (inputs != width) {
            throw new IllegalArgumentException(folder + "/config.json: in_features must be " + width
                    + ", the length of the vectors of the module before, found " + inputs);
        }
        return List.of(
                parts.linear(path(), inputs, outputs, hasBias),
                activation(parts.path(folder + ".activation_function")));
    }

    private Layer activation(String path) {
        return switch (function) {
            case "Tanh" -> new Activation(path, new ActivationTanH());
            case "ReLU" -> new Activation(path, new ActivationReLU());
            case "GELU" -> new Gelu(path);
            case "SiLU" -> new Activation(path, new ActivationSwish());
            case "Sigmoid" -> new Activation(path, new ActivationSigmoid());
            default -> new Activation(path, new ActivationIdentity());
        };
    }
}
