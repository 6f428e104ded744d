package org.lora4j.cli.serve;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/** Who sends a request, and what it uses. One thread at a time changes it. */
final class RequestUse {
    private static final int LONGEST_PATH = 100;

    private final ClientLimits limits;
    private volatile Client client = Client.ANYONE;
    private volatile @Nullable String model;
    private volatile long promptTokens;
    private volatile long newTokens;

    RequestUse(ClientLimits limits) {
        this.limits = limits;
    }

    Client client() {
        return client;
    }

    void client(Client sender) {
        client = sender;
    }

    /** Notes which model the request names. */
    void model(String name) {
        model = name;
    }

    /** Counts the tokens of the prompts, and of the answers as far as they came, before the answer is sent. Later ones count what is new. */
    void tokens(long ofPrompts, long ofAnswers) {
        limits.spendTokens(client, ofPrompts - promptTokens + ofAnswers - newTokens);
        promptTokens = ofPrompts;
        newTokens = ofAnswers;
    }

    /** For whom work is done that is shared out fairly: a key, or else an adapter. */
    String tenant(String adapter) {
        return client.equals(Client.ANYONE) ? adapter : "key " + client.name();
    }

    /**
     * Checks that a schema may be compiled.
     *
     * @throws ApiException if the key has used its time for that
     */
    void requireCompile() {
        limits.requireCompile(client);
    }

    void compiled(long nanos) {
        limits.spendCompile(client, nanos);
    }

    /** A line of the log, without what the request says and without the key. */
    String line(String method, String path, int status, long nanos) {
        String name = model;
        return "key=" + client.name() + " adapter=" + (name == null ? "-" : MessageText.quote(name)) + " "
                + MessageText.printable(method, LONGEST_PATH) + " " + MessageText.printable(path, LONGEST_PATH)
                + " status=" + status + " ms=" + TimeUnit.NANOSECONDS.toMillis(nanos) + " prompt_tokens=" + promptTokens
                + " new_tokens=" + newTokens;
    }
}
