package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.TextCall;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;

/** Classifies texts, in the form of vLLM, and with the names of the classes. */
final class ClassifyEndpoint implements Endpoint {
    private static final int MOST_TEXTS = 1000;

    private static final FieldRules RULES = new FieldRules(Set.of("model", "input"));

    private final ServedModel served;

    ClassifyEndpoint(ServedModel served) {
        this.served = served;
    }

    /** What a request asks for. */
    private record Asked(List<String> texts, Sequences tokens) {}

    @Override
    public void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException {
        TextCall<List<String>, ClassScores> call = served.call(Classify.class, model);
        Asked asked = served.limited(served.adapter(model), body, deadline, () -> read(body.json(RULES), call));
        body.free();
        var found = call.answer(asked.texts, asked.tokens, deadline.options());
        answer.use().tokens(found.tokens(), 0);
        AdapterHeaders.set(answer, found.adapter());
        answer.json(200, written(found, model));
    }

    private static ObjectNode written(org.lora4j.text.Answer<ClassScores> found, String model) {
        Labels labels = found.values().get(0).labels();
        ObjectNode node = ListedTexts.begin("classify", model);
        labels.names().forEach(node.putArray("labels")::add);
        ArrayNode data = node.putArray("data");
        for (ClassScores scores : found.values()) {
            ObjectNode one = data.addObject().put("index", data.size() - 1).put("label", scores.best());
            scores.values().forEach(one.putArray("probs")::add);
            one.put("num_classes", labels.count());
        }
        return ListedTexts.end(node, found.tokens());
    }

    private static Asked read(JsonBody json, TextCall<List<String>, ClassScores> call) {
        json.require("input", "a text or a list of 1 to " + MOST_TEXTS + " texts");
        List<String> texts = json.texts("input", MOST_TEXTS);
        try {
            return new Asked(texts, call.tokens(texts));
        } catch (IllegalArgumentException e) {
            throw ApiException.field("input", String.valueOf(e.getMessage()));
        }
    }
}
