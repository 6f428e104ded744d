package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.Prediction;
import org.lora4j.text.ClassScores;
import org.lora4j.text.Labels;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Classifies texts, in the form of vLLM, and with the names of the classes. */
final class ClassifyEndpoint implements Endpoint {
    private static final int MOST_TEXTS = 1000;

    private static final FieldRules RULES = new FieldRules(Set.of("model", "input"));

    private final ServedClassifier classifier;

    ClassifyEndpoint(ServedClassifier classifier) {
        this.classifier = classifier;
    }

    @Override
    public void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException {
        String adapter = classifier.adapter(model);
        Sequences texts = classifier.limited(adapter, body, deadline, () -> read(body.json(RULES)));
        body.free();
        Prediction prediction = classifier.classify(texts, adapter, deadline);
        answer.use().tokens(texts.tokens(), 0);
        Labels labels = classifier.labels(prediction);
        UsedAdapter used = prediction.adapter();
        if (used != null) {
            AdapterHeaders.set(answer, used);
        }
        answer.json(200, written(ServedModel.output(prediction), labels, texts, model));
    }

    private static ObjectNode written(INDArray outputs, Labels labels, Sequences texts, String model) {
        ObjectNode node = JsonBody.MAPPER
                .createObjectNode()
                .put("id", "classify-" + UUID.randomUUID())
                .put("object", "list")
                .put("created", System.currentTimeMillis() / 1000)
                .put("model", model);
        labels.names().forEach(node.putArray("labels")::add);
        ArrayNode data = node.putArray("data");
        for (int i = 0; i < outputs.size(0); i++) {
            ClassScores scores = ClassScores.of(labels, outputs.getRow(i, true));
            ObjectNode one = data.addObject().put("index", i).put("label", scores.best());
            scores.values().forEach(one.putArray("probs")::add);
            one.put("num_classes", labels.count());
        }
        int tokens = texts.tokens();
        node.putObject("usage")
                .put("prompt_tokens", tokens)
                .put("total_tokens", tokens)
                .put("completion_tokens", 0);
        return node;
    }

    private Sequences read(JsonBody json) {
        json.require("input", "a text or a list of 1 to " + MOST_TEXTS + " texts");
        List<String> texts = json.texts("input", MOST_TEXTS);
        try {
            return classifier.tokens(texts);
        } catch (IllegalArgumentException e) {
            throw ApiException.field("input", String.valueOf(e.getMessage()));
        }
    }
}
