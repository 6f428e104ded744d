package org.lora4j.cli.serve;

import java.io.IOException;

/** Requests to a model: who may use which, and how many are answered at the same time. */
final class ModelRequests {
    private final ServedNames names;
    private final ClientLimits limits;
    private final ConcurrencyLimit places;

    ModelRequests(ServedNames names, ClientLimits limits, ConcurrencyLimit places) {
        this.names = names;
        this.limits = limits;
        this.places = places;
    }

    /** How many are answered now. */
    int running() {
        return places.taken();
    }

    /** What is done for the requests of an endpoint. */
    Action of(Endpoint endpoint) {
        return new Action.OfJson((call, body) -> answer(endpoint, call, body));
    }

    private void answer(Endpoint endpoint, Call call, TextBody body) throws IOException {
        String name = body.model();
        names.require(call.client(), name);
        call.use().model(name);
        limits.enter(call.client());
        try {
            places.enter(name);
            try {
                endpoint.answer(body, name, call.open().deadline(), call.answer());
            } finally {
                places.leave(name);
            }
        } finally {
            limits.leave(call.client());
        }
    }
}
