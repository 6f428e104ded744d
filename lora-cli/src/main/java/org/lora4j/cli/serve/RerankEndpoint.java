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
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.nn.input.Sequences;
import org.lora4j.serve.Prediction;
import org.lora4j.text.TextPair;

/** Ranks documents for a query, in the forms of Cohere and of Jina, which have the same fields. */
final class RerankEndpoint implements Endpoint {
    private static final int MOST_DOCUMENTS = 1000;

    private static final FieldRules RULES =
            new FieldRules(Set.of("model", "query", "documents", "top_n", "return_documents"));
    private static final String RULE =
            "a list of 1 to " + MOST_DOCUMENTS + " texts, or of objects with the field text alone";

    private final ServedReranker reranker;

    RerankEndpoint(ServedReranker reranker) {
        this.reranker = reranker;
    }

    /** What a request asks for, and how it is answered. */
    private record Asked(List<String> documents, Sequences pairs, int most, boolean withTexts) {}

    @Override
    public void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException {
        String adapter = reranker.adapter(model);
        Asked asked = reranker.limited(adapter, body, deadline, () -> read(body.json(RULES)));
        body.free();
        Prediction prediction = reranker.score(asked.pairs, adapter, deadline);
        answer.use().tokens(asked.pairs.tokens(), 0);
        UsedAdapter used = prediction.adapter();
        if (used != null) {
            AdapterHeaders.set(answer, used);
        }
        answer.json(200, written(ServedModel.output(prediction).toFloatMatrix(), asked, model));
    }

    private static ObjectNode written(float[][] outputs, Asked asked, String model) {
        if (outputs[0].length != 1) {
            throw ApiException.of(
                    503, "adapter_unavailable", "the adapter must have a classifier with one output for scores");
        }
        ObjectNode node = JsonBody.MAPPER
                .createObjectNode()
                .put("id", UUID.randomUUID().toString())
                .put("model", model);
        ArrayNode results = node.putArray("results");
        // Of equal ones the first.
        IntStream.range(0, outputs.length)
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> outputs[i][0]).reversed())
                .limit(asked.most)
                .forEach(i -> {
                    ObjectNode result = results.addObject()
                            .put("index", i)
                            .put("relevance_score", 1 / (1 + Math.exp(-outputs[i][0])));
                    if (asked.withTexts) {
                        result.putObject("document").put("text", asked.documents.get(i));
                    }
                });
        int tokens = asked.pairs.tokens();
        node.putObject("usage").put("prompt_tokens", tokens).put("total_tokens", tokens);
        ObjectNode meta = node.putObject("meta");
        meta.putObject("api_version").put("version", "2");
        meta.putObject("billed_units").put("search_units", 1);
        return node;
    }

    private Asked read(JsonBody json) {
        String query = json.text("query");
        List<String> documents = documents(json.require("documents", RULE));
        int most = (int) json.whole("top_n", documents.size(), 1, Integer.MAX_VALUE);
        boolean withTexts = json.flag("return_documents");
        try {
            List<TextPair> pairs =
                    documents.stream().map(text -> new TextPair(query, text)).toList();
            return new Asked(documents, reranker.pairs(pairs), most, withTexts);
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
