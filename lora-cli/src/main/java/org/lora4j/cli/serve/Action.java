package org.lora4j.cli.serve;

import java.io.IOException;

/** What is done for the requests of a route. */
sealed interface Action {
    /** What is done in a thread for requests, which may wait. */
    @FunctionalInterface
    interface Work {
        /**
         * Answers a request.
         *
         * @param body its body, whose memory is given back once it is understood; empty if there is none
         * @throws IOException if the client has gone
         * @throws ApiException if the request is wrong
         */
        void answer(Call call, TextBody body) throws IOException;
    }

    /** Begins to take an upload. */
    @FunctionalInterface
    interface Beginning {
        /**
         * Begins an upload.
         *
         * @throws ApiException if it is refused
         */
        UploadForm begin(Call call) throws IOException;
    }

    /** What ends an upload, in a thread for requests. */
    @FunctionalInterface
    interface Ending {
        /** Answers an upload that came as a whole. */
        void end(Call call, UploadForm form) throws IOException;
    }

    /** Answers at once, in a thread of the HTTP server, which must not wait. The request has no body. */
    @FunctionalInterface
    non-sealed interface AtOnce extends Action {
        /** Answers a request. */
        void answer(Call call) throws IOException;
    }

    /** Answers a body of JSON. */
    record OfJson(Work work) implements Action {}

    /** Answers a request that needs no body, but reads files or changes something. */
    record OfPath(Work work) implements Action {}

    /**
     * Takes a form with a file.
     *
     * @param most the most bytes of the file
     */
    record OfUpload(long most, Beginning beginning, Ending ending) implements Action {}
}
