package org.lora4j.nn.onnx.internal;

import java.util.List;
import onnx.Onnx.GraphProto;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Dropout;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.Scale;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.Softcap;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.layer.Truncate;

/** A transformer as a graph of ONNX: its layers one by one, each of which a class of its kind writes. */
final class NetworkGraph {
    /** What a network returns for each token; the first output, which programs that pool themselves read. */
    private static final String HIDDEN = "last_hidden_state";

    private static final String EMBEDDING = "sentence_embedding";
    private static final String LOGITS = "logits";

    private final Graph graph = new Graph();
    private final Weights weights = new Weights(graph);
    private final Functions functions = new Functions(graph);
    private final Products products = new Products(graph, weights, functions);
    private final SequencePooling pooling;
    private final Embeddings embeddings;
    private final Attention attention;

    private NetworkGraph(TokenEmbeddings first) {
        SequenceInputs inputs = new SequenceInputs(graph);
        pooling = new SequencePooling(graph, inputs);
        embeddings = new Embeddings(graph, inputs, weights, products);
        attention = new Attention(
                graph,
                products,
                functions,
                new AttentionMask(graph, inputs),
                new Rotation(graph, inputs, products, first.maxLength()),
                new Differences(graph, inputs, weights, products, first.maxLength()));
    }

    /**
     * Writes the layers of a network.
     *
     * @param layers the layers, of which the first one takes tokens
     * @throws IllegalArgumentException if a layer has no form in ONNX, or the network predicts tokens
     */
    static NetworkGraph of(List<Layer> layers) {
        if (!(layers.get(0) instanceof TokenEmbeddings first)) {
            throw new IllegalArgumentException(layers.get(0).path()
                    + ": a network that is written as ONNX must take sequences of tokens, found one that takes rows of"
                    + " features");
        }
        NetworkGraph network = new NetworkGraph(first);
        network.addAll(first, layers.subList(1, layers.size()));
        return network;
    }

    private void addAll(TokenEmbeddings first, List<Layer> rest) {
        int end = 0;
        long width = first.word().outputSize();
        while (end < rest.size() && !(rest.get(end) instanceof Pooling)) {
            width = rest.get(end).outputSize(width);
            end++;
        }
        List<Layer> ofTokens = rest.subList(0, end);
        List<Layer> ofTexts = rest.subList(end, rest.size());
        String hidden = chain(ofTokens, embeddings.add(first));
        if (ofTexts.isEmpty()) {
            requireNoLanguageModel(first, ofTokens);
            boolean hasHead = !ofTokens.isEmpty() && ofTokens.get(end - 1) instanceof Linear;
            graph.output(hasHead ? LOGITS : HIDDEN, hidden, "batch_size", "sequence_length", width);
            return;
        }
        String text = chain(ofTexts, hidden);
        long size = width;
        for (Layer layer : ofTexts) {
            size = layer.outputSize(size);
        }
        if (ofTexts.get(ofTexts.size() - 1) instanceof Linear) {
            graph.output(LOGITS, text, "batch_size", size);
        } else {
            graph.output(HIDDEN, hidden, "batch_size", "sequence_length", width);
            graph.output(EMBEDDING, text, "batch_size", size);
        }
    }

    /** The head of a language model has an output for each token of the vocabulary, other than that of a classifier of tokens. */
    private static void requireNoLanguageModel(TokenEmbeddings first, List<Layer> ofTokens) {
        for (Layer layer : ofTokens) {
            if (layer instanceof Linear head
                    && head.outputSize() == first.word().inputSize()
                    && isCausal(ofTokens)) {
                throw new IllegalArgumentException(head.path()
                        + ": a network that is written as ONNX must not predict the next token, found a language model,"
                        + " which needs its cache of keys and values; merge it into a folder or a GGUF file");
            }
        }
    }

    private static boolean isCausal(List<Layer> layers) {
        return layers.stream()
                .anyMatch(layer -> (layer instanceof SelfAttention attention && attention.isCausal())
                        || isCausal(layer.children()));
    }

    private String chain(List<Layer> layers, String x) {
        String y = x;
        for (Layer layer : layers) {
            y = add(layer, y);
        }
        return y;
    }

    private String add(Layer layer, String x) {
        String path = layer.path();
        if (layer instanceof Linear linear) {
            return products.add(linear, x);
        } else if (layer instanceof LayerNorm norm) {
            return products.add(norm, x);
        } else if (layer instanceof RMSNorm norm) {
            return products.add(norm, x);
        } else if (layer instanceof GatedFeedForward gated) {
            return products.add(gated, x);
        } else if (layer instanceof SelfAttention self) {
            return attention.add(self, x);
        } else if (layer instanceof Residual residual) {
            return graph.add(path, "Add", chain(residual.layers(), x), x);
        } else if (layer instanceof Activation activation) {
            return functions.add(activation, x);
        } else if (layer instanceof Gelu gelu) {
            return functions.add(gelu, x);
        } else if (layer instanceof Softcap softcap) {
            return functions.softcap(path, softcap.bound(), x);
        } else if (layer instanceof Scale scale) {
            return graph.add(path, "Mul", x, graph.number(scale.factor()));
        } else if (layer instanceof Dropout) {
            return x;
        } else if (layer instanceof Pooling pooled) {
            return pooling.add(pooled, x);
        } else if (layer instanceof Truncate truncate) {
            return graph.add(path, "Slice", x, graph.integers(0), graph.integers(truncate.size()), graph.integers(-1));
        } else if (layer instanceof Normalize) {
            return normalize(path, x);
        }
        throw new IllegalArgumentException(path + ": has no form in ONNX, found " + layer);
    }

    private String normalize(String path, String x) {
        Operator operator = Operator.of("ReduceL2").with("axes", List.of(-1L)).with("keepdims", 1);
        String norm = graph.add(path, "Max", graph.add(path, operator, x), graph.number(Normalize.SMALLEST_NORM));
        return graph.add(path, "Div", x, norm);
    }

    GraphProto.Builder nodes() {
        return graph.build();
    }

    List<Weights.Tensor> weights() {
        return weights.tensors();
    }
}
