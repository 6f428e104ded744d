package org.lora4j.cli.command;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.serve.ServeLimits;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Option;

/** How much a server takes. */
final class ServeOptions {
    private static final int MOST_CONNECTIONS = 100_000;
    private static final int MOST_REQUESTS = 10_000;
    private static final int KIB = 1024;
    private static final int LARGEST_BODY = 1_000_000;
    private static final int SECONDS_OF_DAY = 86_400;

    @Option(
            names = "--max-connections",
            paramLabel = "N",
            description =
                    "Connections that are open at the same time. If there are more, those that wait for their client"
                            + " are closed, the oldest first. Default: ${DEFAULT-VALUE}.")
    private int connections = 1024;

    @Option(
            names = "--max-requests",
            paramLabel = "N",
            description = "Requests of the model that are answered at the same time, each in a thread; further ones get"
                    + " the status 503, and those beyond a quarter of it of one adapter 429. Default:"
                    + " ${DEFAULT-VALUE}.")
    private int requests = 256;

    @Option(
            names = "--max-body",
            paramLabel = "KB",
            description = "The largest body of a request, in units of 1,024 bytes. Default: ${DEFAULT-VALUE}.")
    private int bodyKib = 1024;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            description = "The most new tokens of an answer of a decoder, and as many for a chat that does not say. A"
                    + " request that wants more gets so many. Default: ${DEFAULT-VALUE}.")
    private int newTokens = 512;

    @Option(
            names = "--max-waiting",
            paramLabel = "N",
            description = "From how many waiting tokens of prompts (for an encoder: texts) on requests get the status"
                    + " 503; from a quarter of it for one adapter, 429. Default: 65536 (1024).")
    private int waiting;

    @Option(
            names = "--max-running",
            paramLabel = "N",
            description = "Generations that run at the same time (for an encoder: texts in a batch). Default: 32 (64).")
    private int running;

    @Option(
            names = "--max-cached-tokens",
            paramLabel = "N",
            description = "For how many tokens the generations have room together. Default: as many as half of the"
                    + " memory of Java holds.")
    private int cachedTokens;

    @Option(
            names = "--max-prefix-memory",
            paramLabel = "MB",
            description =
                    "Memory of the beginnings of prompts, which are computed once for all requests of an adapter that"
                            + " begin alike, in units of 1,048,576 bytes; 0 computes each prompt anew. Default: an eighth of the"
                            + " memory of Java.")
    private @Nullable Integer prefixMib;

    @Option(
            names = "--share-prompts",
            description = "Compute the beginnings of prompts once for all keys. A client can then find out from times"
                    + " whether another one has sent the same beginning. Without this option only the requests of one key"
                    + " share it.")
    private boolean sharesPrompts;

    @Option(
            names = "--max-adapters",
            paramLabel = "N",
            description =
                    "Adapters in memory; those that were not used for the longest time leave it. Default: no limit.")
    private int adapters = Integer.MAX_VALUE;

    @Option(
            names = "--max-adapter-memory",
            paramLabel = "MB",
            description = "Memory of these adapters, in units of 1,048,576 bytes. Default: ${DEFAULT-VALUE}.")
    private int adapterMib = 256;

    @Option(
            names = "--reload",
            paramLabel = "SECONDS",
            description = "How often to look for adapters whose files were replaced, which are then loaded again, or"
                    + " deleted, which then leave the memory; 0 for never. A request for an adapter whose files are"
                    + " deleted is refused at once. Default: ${DEFAULT-VALUE}.")
    private int reload = 5;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "How long a request takes at most, with reading, waiting, the prompt and the new tokens."
                    + " Default: ${DEFAULT-VALUE}.")
    private int timeout = 300;

    @Option(
            names = "--grace",
            paramLabel = "SECONDS",
            description = "How long running requests may take after Ctrl-C. Default: ${DEFAULT-VALUE}.")
    private int grace = 20;

    void check(OptionCheck check) {
        check.inRange("--max-connections", connections, 1, MOST_CONNECTIONS);
        check.inRange("--max-requests", requests, 1, MOST_REQUESTS);
        check.inRange("--max-body", bodyKib, 1, LARGEST_BODY);
        check.atLeast("--max-new-tokens", newTokens, 1);
        check.atLeast("--max-waiting", waiting, 0);
        check.atLeast("--max-running", running, 0);
        check.atLeast("--max-cached-tokens", cachedTokens, 0);
        check.atLeast("--max-prefix-memory", prefixMib == null ? 0 : prefixMib, 0);
        check.atLeast("--max-adapters", adapters, 1);
        check.atLeast("--max-adapter-memory", adapterMib, 1);
        check.inRange("--reload", reload, 0, SECONDS_OF_DAY);
        check.atLeast("--timeout", timeout, 1);
        check.atLeast("--grace", grace, 0);
    }

    ServeLimits limits() {
        return new ServeLimits(
                connections,
                requests,
                bodyKib * KIB,
                newTokens,
                waiting,
                running,
                cachedTokens,
                prefixMib == null ? -1 : (long) prefixMib * KIB * KIB,
                sharesPrompts,
                adapters,
                (long) adapterMib * KIB * KIB,
                Duration.ofSeconds(reload),
                Duration.ofSeconds(timeout),
                Duration.ofSeconds(grace));
    }
}
