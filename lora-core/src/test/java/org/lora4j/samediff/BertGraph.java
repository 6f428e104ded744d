package org.lora4j.samediff;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.lora4j.io.safetensors.SafeTensors;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A BERT encoder in SameDiff, with weights {@code [in, out]} under Hugging Face's names, and a classifier if there is one. */
final class BertGraph {
    final SameDiff graph = SameDiff.create();
    private final Map<String, INDArray> tensors;
    private final String prefix;
    private final int tokens;
    private final int hidden;
    private final int heads;

    BertGraph(Path folder, int tokens) throws IOException {
        JsonNode config =
                new ObjectMapper().readTree(folder.resolve("config.json").toFile());
        SafeTensors file = SafeTensors.read(folder.resolve("model.safetensors"));
        tensors = new HashMap<>();
        for (String name : file.names()) {
            tensors.put(name, file.tensor(name));
        }
        prefix = tensors.containsKey("classifier.weight") ? "bert." : "";
        this.tokens = tokens;
        hidden = config.path("hidden_size").intValue();
        heads = config.path("num_attention_heads").intValue();
        SDVariable ids = graph.placeHolder("input_ids", DataType.INT64, -1, tokens);
        SDVariable mask = graph.placeHolder("attention_mask", DataType.INT64, -1, tokens);
        SDVariable types = graph.placeHolder("token_type_ids", DataType.INT64, -1, tokens);
        SDVariable x = embeddings(ids, types);
        SDVariable masked = graph.reshape(mask.castTo(DataType.FLOAT).rsub(1).mul(-1e9), -1, 1, 1, tokens);
        for (int layer = 0; layer < config.path("num_hidden_layers").intValue(); layer++) {
            x = layer(x, masked, prefix + "encoder.layer." + layer + ".");
        }
        SDVariable last = x.reshape(-1, tokens, hidden).rename("last_hidden_state");
        if (!prefix.isEmpty()) {
            classify(last);
        }
    }

    private SDVariable embeddings(SDVariable ids, SDVariable types) {
        INDArray positions = tensor(prefix + "embeddings.position_embeddings.weight")
                .get(NDArrayIndex.interval(0, tokens), NDArrayIndex.all());
        SDVariable sum = graph.gather(embedding("word_embeddings"), ids, 0)
                .add(graph.gather(embedding("token_type_embeddings"), types, 0))
                .add(graph.constant("positions", positions.dup().reshape(1, tokens, hidden)));
        return normalize(graph.reshape(sum, -1, hidden), prefix + "embeddings.LayerNorm");
    }

    private SDVariable embedding(String name) {
        return variable(prefix + "embeddings." + name + ".weight");
    }

    private SDVariable layer(SDVariable x, SDVariable masked, String path) {
        SDVariable query = heads(linear(x, path + "attention.self.query"));
        SDVariable key = heads(linear(x, path + "attention.self.key"));
        SDVariable value = heads(linear(x, path + "attention.self.value"));
        SDVariable scores = graph.mmul(query, key, false, true, false)
                .mul(1 / Math.sqrt((double) hidden / heads))
                .add(masked);
        SDVariable context = graph.mmul(graph.nn().softmax(scores, 3), value).permute(0, 2, 1, 3);
        SDVariable rows = graph.reshape(context, -1, hidden);
        SDVariable attended =
                normalize(x.add(linear(rows, path + "attention.output.dense")), path + "attention.output.LayerNorm");
        SDVariable inner = gelu(linear(attended, path + "intermediate.dense"));
        return normalize(attended.add(linear(inner, path + "output.dense")), path + "output.LayerNorm");
    }

    private void classify(SDVariable last) {
        INDArray first = Nd4j.zeros(DataType.FLOAT, 1, tokens, 1);
        first.putScalar(0, 1);
        SDVariable pooled = graph.math()
                .tanh(linear(last.mul(graph.constant("first", first)).sum(1), prefix + "pooler.dense"));
        SDVariable logits = linear(pooled, "classifier").rename("logits");
        graph.loss().softmaxCrossEntropy("loss", graph.placeHolder("labels", DataType.FLOAT, -1, 3), logits, null);
        graph.setLossVariables("loss");
    }

    private SDVariable heads(SDVariable x) {
        return graph.reshape(x, -1, tokens, heads, hidden / heads).permute(0, 2, 1, 3);
    }

    private SDVariable linear(SDVariable x, String path) {
        return x.mmul(variable(path + ".weight")).add(variable(path + ".bias"));
    }

    private SDVariable gelu(SDVariable x) {
        return x.mul(0.5).mul(graph.math().erf(x.mul(Math.sqrt(0.5))).add(1));
    }

    private SDVariable normalize(SDVariable x, String path) {
        SDVariable centered = x.sub(x.mean(true, 1));
        SDVariable variance = centered.mul(centered).mean(true, 1);
        return centered.div(graph.math().sqrt(variance.add(1e-12)))
                .mul(variable(path + ".weight"))
                .add(variable(path + ".bias"));
    }

    private SDVariable variable(String name) {
        INDArray tensor = tensor(name);
        boolean isStoredTransposed = tensor.rank() == 2 && !name.contains("embeddings");
        return graph.var(name, isStoredTransposed ? tensor.transpose().dup('c') : tensor.dup('c'));
    }

    private INDArray tensor(String name) {
        return Objects.requireNonNull(tensors.get(name), name);
    }
}
