package org.lora4j.cli.serve;

import java.time.Duration;

/**
 * How much a server takes, and how long.
 *
 * @param connections how many connections are open at the same time
 * @param requests how many requests of the model are answered at the same time
 * @param bodyBytes the most bytes of the body of a request
 * @param newTokens the most new tokens of an answer, and as many for a chat that does not say
 * @param waiting from how many waiting tokens of a decoder, or texts of an encoder, on requests are rejected; 0 for the default
 * @param running how many generations run at the same time, or texts are in a batch; 0 for the default
 * @param cachedTokens for how many tokens generations have room together; 0 for the default
 * @param prefixBytes the most bytes of the beginnings of prompts that are kept; 0 keeps none, and -1 is the default
 * @param sharesPrompts whether clients with different keys share these
 * @param adapters how many adapters are loaded at the same time
 * @param adapterBytes how many bytes the loaded adapters take
 * @param reload the time between two looks for adapters that were replaced or deleted; zero for none
 * @param timeout how long a request takes at most
 * @param grace how long running requests may take when the server stops
 */
public record ServeLimits(
        int connections,
        int requests,
        int bodyBytes,
        int newTokens,
        int waiting,
        int running,
        int cachedTokens,
        long prefixBytes,
        boolean sharesPrompts,
        int adapters,
        long adapterBytes,
        Duration reload,
        Duration timeout,
        Duration grace) {}
