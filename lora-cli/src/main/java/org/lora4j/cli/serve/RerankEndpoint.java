package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.TextCall;
import org.lora4j.text.task.PairScore;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.tokens.TextPair;

/** Ranks documents for a query, in the forms of Cohere and of Jina, which have the same fields. */
final class RerankEndpoint implements Endpoint {
    private static final int MOST_DOCUMENTS = 1000;

    private static final FieldRules RULES =
            new FieldRules(Set.of("model", "query", "documents", "top_n", "return_documents"));
    private static final String RULE =
            "a list of 1 to " + MOST_DOCUMENTS + " texts, or of objects with the field text alone";

    private final ServedModel served;

    RerankEndpoint(ServedModel served) {
        this.served = served;
    }

    /** What a request asks for, and how it is answered. */
    private record Asked(List<TextPair> pairs, Sequences tokens, int most, boolean withTexts) {}

    @Override
    public void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException {
        TextCall<List<TextPair>, PairScore> call = served.call(Rerank.class, model);
        Asked asked = served.limited(served.adapter(model), body, deadline, () -> read(body.json(RULES), call));
        body.free();
        var found = call.answer(asked.pairs, asked.tokens, deadline.options());
        answer.use().tokens(found.tokens(), 0);
        AdapterHeaders.set(answer, found.adapter());
        answer.json(200, written(found, asked, model));
    }

    private static ObjectNode written(org.lora4j.text.Answer<PairScore> found, Asked asked, String model) {
        List<PairScore> scores = found.values();
        ObjectNode node = JsonBody.MAPPER
                .createObjectNode()
                .put("id", UUID.randomUUID().toString())
                .put("model", model);
        ArrayNode results = node.putArray("results");
        // Of equal ones the first.
        IntStream.range(0, scores.size())
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> scores.get(i).logit())
                        .reversed())
                .limit(asked.most)
                .forEach(i -> {
                    ObjectNode result = results.addObject()
                            .put("index", i)
                            .put("relevance_score", scores.get(i).probability());
                    if (asked.withTexts) {
                        result.putObject("document")
                                .put("text", asked.pairs.get(i).second());
                    }
                });
        int tokens = found.tokens();
        node.putObject("usage").put("prompt_tokens", tokens).put("total_tokens", tokens);
        ObjectNode meta = node.putObject("meta");
        meta.putObject("api_version").put("version", "2");
        meta.putObject("billed_units").put("search_units", 1);
        return node;
    }

    private static Asked read(JsonBody json, TextCall<List<TextPair>, PairScore> call) {
        String query = json.text("query");
        List<String> documents = documents(json.require("documents", RULE));
        int most = (int) json.whole("top_n", documents.size(), 1, Integer.MAX_VALUE);
        boolean withTexts = json.flag("return_documents");
        try {
            List<TextPair> pairs =
                    documents.stream().map(text -> new TextPair(query, text)).toList();
            return new Asked(pairs, call.tokens(pairs), most, withTexts);
        } catch (IllegalArgumentException e) {
            throw ApiException.field("documents", String.valueOf(e.getMessage()));
        }
    }

    private static List<String> documents(JsonNode given) {
        if (!given.isArray() || given.isEmpty() || given.size() > MOST_DOCUMENTS) {
            throw ApiException.field("documents", RULE, given.isArray() ? given.size() + " of them" : "another value");
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode document : given) {
            // Other fields would not be read.
            JsonNode text = document.isObject() && document.size() == 1 ? document.path("text") : document;
            if (!text.isTextual()) {
                throw JsonBody.wrong(
                        "documents[" + texts.size() + "]", "a text, or an object with the field text alone", document);
            }
            texts.add(text.textValue());
        }
        return texts;
    }
}
