package org.lora4j.adapter;

import java.util.List;
import java.util.Optional;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A model whose weights an adapter can be applied to: its layers by module path.
 *
 * <p>Everything that this library does with adapters as data needs only this: choosing layers, initialization, checks,
 * files, fingerprints, reports and algebra. {@link org.lora4j.nn.Network} is a base model. Another host becomes one when
 * it lists its layers, for example a SameDiff graph:
 *
 * <pre>{@code
 * record GraphLayer(String path, INDArray weight, INDArray bias) implements BaseLayer {}
 *
 * record Graph(List<GraphLayer> baseLayers) implements BaseModel {}
 * }</pre>
 */
public interface BaseModel {
    /**
     * Returns the layers that adapters can be applied to.
     *
     * @return the layers in the order of the model; their paths differ
     */
    List<? extends BaseLayer> baseLayers();

    /**
     * Returns the type of all weights and biases.
     *
     * @return FLOAT or DOUBLE; the type of the first layer unless overridden
     */
    default DataType dataType() {
        return baseLayers().get(0).dataType();
    }

    /**
     * Returns whether the host computes with rows of embeddings that replace those of some tokens, and trains them; see
     * {@link TrainableTokens}. If not, adapters with such rows are refused when they are applied.
     *
     * @return false unless overridden
     */
    default boolean supportsTrainableTokens() {
        return false;
    }

    /**
     * Returns whether the host can train A while B stays frozen; see {@link LoRAInit#mica}. If not, such adapters are refused
     * when they are applied.
     *
     * @return false unless overridden
     */
    default boolean supportsFrozenB() {
        return false;
    }

    /**
     * Returns the path of the embedding that reads the tokens, if the model has one and knows it.
     *
     * @return the module path, such as {@code embeddings.word_embeddings}; nothing unless overridden
     */
    default Optional<String> inputEmbedding() {
        return Optional.empty();
    }

    /**
     * Returns the path of the layer that gives the logits of the next token, if the model has one: PEFT's output embedding,
     * which "all-linear" leaves out.
     *
     * @return the module path, such as {@code lm_head}; nothing unless overridden
     */
    default Optional<String> outputEmbedding() {
        return Optional.empty();
    }

    /**
     * Returns the path of the last layer, if an adapter may bring another one with more or fewer outputs among its {@linkplain
     * LoRAAdapter#savedModules saved modules}: the head of a classifier with labels of its own.
     *
     * @return the module path, such as {@code classifier}; nothing unless overridden
     */
    default Optional<String> replaceableHead() {
        return Optional.empty();
    }

    /**
     * Returns what the model does, as PEFT's {@code task_type} says it, if that is known. New adapters are stored with it.
     *
     * @return {@code SEQ_CLS} for a classifier of texts, {@code TOKEN_CLS} for one of tokens, {@code CAUSAL_LM} for a language model,
     *     {@code FEATURE_EXTRACTION} for an encoder; nothing unless overridden
     */
    default Optional<String> taskType() {
        return Optional.empty();
    }

    /**
     * Returns the paths of the layers.
     *
     * @return the module paths in the order of the model
     */
    default List<String> paths() {
        return baseLayers().stream().<String>map(BaseLayer::path).toList();
    }

    /**
     * Returns the layer of a path.
     *
     * @param path the module path
     * @return the layer
     * @throws IllegalArgumentException if the model has no such layer; the message lists the paths
     */
    default BaseLayer baseLayer(String path) {
        for (BaseLayer layer : baseLayers()) {
            if (layer.path().equals(path)) {
                return layer;
            }
        }
        throw new IllegalArgumentException("no layer '" + path + "'; the base has " + paths());
    }
}
