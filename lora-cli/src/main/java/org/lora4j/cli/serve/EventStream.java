package org.lora4j.cli.serve;

import java.io.IOException;
import org.lora4j.adapter.UsedAdapter;

/** An answer of events, which also says the adapter that computes it. */
final class EventStream {
    private final Answer answer;
    private final TextGenerations generations;

    /** Whether the client knows the adapter, or there is none. */
    private boolean saysAdapter;

    EventStream(Answer answer, TextGenerations generations) {
        this.answer = answer;
        this.generations = generations;
    }

    /** Begins the answer. Returns false if it was begun before. */
    boolean begin() {
        if (answer.isBegun()) {
            return false;
        }
        generations.adapter().ifPresent(used -> {
            AdapterHeaders.set(answer, used);
            saysAdapter = true;
        });
        answer.beginEvents();
        return true;
    }

    /** Sends the lines of an event. */
    void send(String lines) throws IOException {
        sayAdapter();
        answer.part(lines);
    }

    /** The headers of a request that waited were sent before its adapter was known. A comment then says what they would. */
    private void sayAdapter() throws IOException {
        UsedAdapter used = saysAdapter ? null : generations.adapter().orElse(null);
        if (used != null) {
            answer.part(": " + AdapterHeaders.NAME + " " + AdapterHeaders.encode(used.name()) + "\n: "
                    + AdapterHeaders.FINGERPRINT + " " + used.fingerprint() + "\n\n");
            saysAdapter = true;
        }
    }

    /** Sends a comment, so that the client sees that its request is not forgotten. */
    void alive() throws IOException {
        answer.part(": waiting\n\n");
    }
}
