package org.lora4j.cli.serve;

import java.io.IOException;

/** What answers the requests of a path that have a body. */
interface Endpoint {
    /**
     * Answers a request.
     *
     * @param body the body, whose memory is given back once it is understood
     * @param model the name that it gives as its model, which is served
     * @throws IOException if the client has gone
     * @throws ApiException if the request is wrong
     */
    void answer(TextBody body, String model, Deadline deadline, Answer answer) throws IOException;
}
