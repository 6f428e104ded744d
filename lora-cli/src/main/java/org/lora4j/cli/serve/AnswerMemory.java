package org.lora4j.cli.serve;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How many bytes of answers are in memory together, because their clients have not read them yet. If there is no room, those that wait
 * longest are given up: so clients that do not read keep none out that do. An answer that is larger than all room is sent alone.
 * Thread-safe.
 */
final class AnswerMemory {
    private static final int PART_OF_HEAP = 8;

    private final long most;
    private final Map<OpenRequest, Integer> unread = new LinkedHashMap<>();
    private long taken;

    AnswerMemory(long most) {
        this.most = most;
    }

    static AnswerMemory ofHeap() {
        return new AnswerMemory(Runtime.getRuntime().maxMemory() / PART_OF_HEAP);
    }

    /**
     * Takes bytes for the answer to a request until {@link #free}.
     *
     * @return the requests whose answers must be given up for it; their bytes count no more
     */
    synchronized List<OpenRequest> take(OpenRequest request, int bytes) {
        List<OpenRequest> surplus = new ArrayList<>();
        Iterator<Map.Entry<OpenRequest, Integer>> oldest = unread.entrySet().iterator();
        while (taken + bytes > most && oldest.hasNext()) {
            Map.Entry<OpenRequest, Integer> one = oldest.next();
            surplus.add(one.getKey());
            taken -= one.getValue();
            oldest.remove();
        }
        unread.put(request, bytes);
        taken += bytes;
        return surplus;
    }

    /** Gives the bytes of an answer back that was sent. A second call has no effect. */
    synchronized void free(OpenRequest request) {
        Integer bytes = unread.remove(request);
        taken -= bytes == null ? 0 : bytes;
    }

    synchronized long taken() {
        return taken;
    }
}
