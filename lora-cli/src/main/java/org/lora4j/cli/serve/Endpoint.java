package org.lora4j.cli.serve;

import java.io.IOException;

/** What answers the requests of a path that have a body. */
interface Endpoint {
    /** Which fields the body may have. */
    FieldRules rules();

    /**
     * Answers a request.
     *
     * @throws IOException if the client has gone
     * @throws ApiException if the request is wrong
     */
    void answer(JsonBody body, Answer answer) throws IOException;
}
