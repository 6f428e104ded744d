package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.TokenEmbeddings;

/** A family that predicts the next token. */
interface DecoderFamily extends Family {
    /** The module that all families call the head. */
    String HEAD = "lm_head";

    /** The last layer of a classifier. */
    String SCORE = "score";

    /** The matrix of the head, if it has one of its own. */
    String HEAD_WEIGHT = HEAD + ".weight";

    /** Whether the head shares the matrix of the token embeddings. */
    boolean isTied();

    /** What transformers calls the class of the language model. */
    default String causalArchitecture() {
        return architecture() + "ForCausalLM";
    }

    /** The layers up to the logits of the next token. */
    default List<Layer> causal(ModelParts parts) {
        List<Layer> layers = new ArrayList<>(layers(parts));
        Embedding word = word(layers);
        layers.add(isTied() ? Linear.tiedTo(HEAD, word) : untiedHead(parts, word));
        return layers;
    }

    /** A head with a matrix of its own. */
    default Linear untiedHead(ModelParts parts, Embedding word) {
        return parts.end().linear(HEAD, hiddenSize(), word.shape()[0], false);
    }

    /** The token embeddings of a network. */
    static Embedding word(List<Layer> layers) {
        return ((TokenEmbeddings) layers.get(0)).word();
    }

    /** What the configuration says of a classifier of tokens. */
    TokenHead tokenHead();

    /**
     * A classifier of the tokens of a decoder.
     *
     * @param dropout the dropout before it
     * @param hasBias whether it has a bias, which a classifier of texts never has
     */
    record TokenHead(double dropout, boolean hasBias) {
        static TokenHead read(JsonFields fields) {
            double otherwise = fields.dropout("hidden_dropout", 0.1);
            return new TokenHead(
                    fields.dropout("classifier_dropout", otherwise), fields.truth("token_classification_bias", true));
        }
    }

    /** A layer on the vector of each token, which has seen those before it. */
    @Override
    default List<Layer> tokenClassifier(ModelParts parts) {
        TokenHead head = tokenHead();
        return parts.tokenClassifier(SCORE, hiddenSize(), head.dropout(), head.hasBias());
    }

    /** A layer without bias on the vector of the last token, the only one that has seen all others. */
    @Override
    default List<Layer> classifier(ModelParts parts) {
        return List.of(parts.pooling("last", Pooling.Method.LAST), parts.end().labels(SCORE, hiddenSize(), false));
    }
}
