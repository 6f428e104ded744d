package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.TextCall;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.tokens.TextPair;

/** Classifies texts, or pairs of texts, in the form of vLLM, and with the names of the classes; or gives each of them a number. */
final class ClassifyEndpoint implements Endpoint {
    private static final int MOST_TEXTS = 1000;

    private static final FieldRules RULES = new FieldRules(Set.of("model", "input"));

    private final ServedModel served;

    ClassifyEndpoint(ServedModel served) {
        this.served = served;
    }

    /** What a request asks for. */
    private record Asked<Q>(Q input, Sequences tokens) {}

    @Override
    public void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException {
        if (served.classifiesPairs(model)) {
            answer(served.call(ClassifyPairs.class, model), ClassifyEndpoint::pairs, body, model, deadline, answer);
        } else {
            answer(served.call(Classify.class, model), ClassifyEndpoint::texts, body, model, deadline, answer);
        }
    }

    private <Q> void answer(
            TextCall<Q, ClassScores> call,
            Function<JsonBody, Q> reader,
            TextBody body,
            String model,
            Deadline deadline,
            Answer answer)
            throws IOException {
        Asked<Q> asked =
                served.limited(served.adapter(model), body, deadline, () -> read(reader.apply(body.json(RULES)), call));
        body.free();
        var found = call.answer(asked.input, asked.tokens, deadline.options());
        answer.use().tokens(found.tokens(), 0);
        AdapterHeaders.set(answer, found.adapter());
        answer.json(200, written(found, model));
    }

    private static ObjectNode written(org.lora4j.text.Answer<ClassScores> found, String model) {
        Outputs outputs = found.values().get(0).outputs();
        ObjectNode node = ListedTexts.begin("classify", model);
        outputs.labels().names().forEach(node.putArray("labels")::add);
        if (outputs.problem() != ProblemType.SINGLE_LABEL_CLASSIFICATION) {
            node.put("problem_type", outputs.problem().text());
        }
        ArrayNode data = node.putArray("data");
        for (ClassScores scores : found.values()) {
            write(scores, data.addObject().put("index", data.size() - 1));
        }
        return ListedTexts.end(node, found.tokens());
    }

    private static void write(ClassScores scores, ObjectNode one) {
        switch (scores.outputs().problem()) {
            case SINGLE_LABEL_CLASSIFICATION -> one.put("label", scores.best());
            case MULTI_LABEL_CLASSIFICATION -> scores.chosen().forEach(one.putArray("labels")::add);
            case REGRESSION -> {
                scores.values().forEach(one.putArray("values")::add);
                return;
            }
        }
        scores.values().forEach(one.putArray("probs")::add);
        one.put("num_classes", scores.labels().count());
    }

    private static <Q> Asked<Q> read(Q input, TextCall<Q, ClassScores> call) {
        try {
            return new Asked<>(input, call.tokens(input));
        } catch (IllegalArgumentException e) {
            throw ApiException.field("input", String.valueOf(e.getMessage()));
        }
    }

    private static List<String> texts(JsonBody json) {
        json.require("input", "a text or a list of 1 to " + MOST_TEXTS + " texts");
        return json.texts("input", MOST_TEXTS);
    }

    /** A pair is a list of two texts, as in text-embeddings-inference. */
    private static List<TextPair> pairs(JsonBody json) {
        String rule = "a list of 1 to " + MOST_TEXTS + " pairs of texts, such as [[\"one text\", \"another\"]]";
        JsonNode given = json.require("input", rule);
        if (!given.isArray() || given.isEmpty() || given.size() > MOST_TEXTS) {
            throw JsonBody.wrong("input", rule, given);
        }
        List<TextPair> pairs = new ArrayList<>();
        for (JsonNode pair : given) {
            if (!pair.isArray()
                    || pair.size() != 2
                    || !JsonBody.isText(pair.path(0))
                    || !JsonBody.isText(pair.path(1))) {
                throw JsonBody.wrong("input[" + pairs.size() + "]", "a list of two texts that are not empty", pair);
            }
            pairs.add(new TextPair(pair.path(0).textValue(), pair.path(1).textValue()));
        }
        return pairs;
    }
}
