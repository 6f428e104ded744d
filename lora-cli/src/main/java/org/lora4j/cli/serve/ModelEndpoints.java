package org.lora4j.cli.serve;

import java.util.HashMap;
import java.util.Map;

/** What answers requests to a model. */
final class ModelEndpoints {
    private ModelEndpoints() {}

    /** Returns what answers, by path. */
    static Map<String, Endpoint> of(ServedModel model) {
        Map<String, Endpoint> endpoints = new HashMap<>();
        endpoints.put("/v1/embeddings", new EmbeddingEndpoint(model));
        Endpoint classify = new ClassifyEndpoint(model);
        endpoints.put("/v1/classify", classify);
        endpoints.put("/classify", classify);
        endpoints.put("/v1/tag", new TagEndpoint(model));
        Endpoint rerank = new RerankEndpoint(model);
        endpoints.put("/v1/rerank", rerank);
        endpoints.put("/v2/rerank", rerank);
        ServedDecoder decoder = model.decoder();
        if (decoder != null) {
            endpoints.put("/v1/chat/completions", new TextEndpoint(decoder, new ChatForm(decoder)));
            endpoints.put("/v1/completions", new TextEndpoint(decoder, new CompletionForm(decoder)));
            endpoints.put("/v1/responses", new ResponseEndpoint(decoder));
        }
        return endpoints;
    }
}
