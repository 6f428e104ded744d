package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.lora4j.internal.Names;

/** Reads the {@code config.json} of an encoder. A field that is absent or null has the default of {@code transformers}. */
final class BertConfigReader {
    private BertConfigReader() {}

    /**
     * Reads a configuration.
     *
     * @throws IllegalArgumentException if a field is missing or wrong, or the model is one that this library does not compute;
     *     the message lists all that is wrong
     */
    static BertConfig read(ObjectNode json) {
        JsonFields fields = new JsonFields(json);
        requireComputable(fields);
        String type = fields.text("model_type", "bert");
        int vocabulary = fields.integer("vocab_size");
        int hidden = fields.integer("hidden_size");
        int layers = fields.integer("num_hidden_layers");
        int heads = fields.integer("num_attention_heads");
        int intermediate = fields.integer("intermediate_size");
        String activation = fields.text("hidden_act", "gelu");
        int positions = fields.integer("max_position_embeddings", 512);
        int types = fields.integer("type_vocab_size", 2);
        double epsilon = fields.number("layer_norm_eps", 1e-12);
        int padding = fields.integer("pad_token_id", type.equals("bert") ? 0 : 1);
        double hiddenDropout = fields.number("hidden_dropout_prob", 0.1);
        double attentionDropout = fields.number("attention_probs_dropout_prob", 0.1);
        Double classifierDropout = fields.has("classifier_dropout") ? fields.number("classifier_dropout") : null;
        fields.requireNoProblems("each field must have its type");
        return new BertConfig(
                type,
                vocabulary,
                hidden,
                layers,
                heads,
                intermediate,
                activation,
                positions,
                types,
                epsilon,
                padding,
                hiddenDropout,
                attentionDropout,
                classifierDropout);
    }

    private static void requireComputable(JsonFields fields) {
        String positions = fields.text("position_embedding_type", "absolute");
        if (!positions.equals("absolute")) {
            fields.refuse("position_embedding_type must be absolute, found " + Names.quote(positions));
        }
        List.of("is_decoder", "add_cross_attention").forEach(fields::requireOff);
        List.of("pruned_heads", "quantization_config").forEach(fields::requireEmpty);
        fields.requireNoProblems("this library computes encoders of the BERT family");
    }
}
