package org.lora4j.cli.serve;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How many bytes of answers are in memory together: of those that are being made and grow with each token, and of those that were made
 * and whose clients have not read them yet. If there is no room, those that wait longest for their clients are given up: so clients that
 * do not read keep none out that do. An answer that was made and is larger than all room is sent alone. One that is being made is
 * refused when those that are being made fill all room. Thread-safe.
 */
final class AnswerMemory {
    private static final int PART_OF_HEAP = 8;

    private final long most;
    private final Map<OpenRequest, Integer> unread = new LinkedHashMap<>();
    private final Map<OpenRequest, Long> growing = new HashMap<>();
    private long ofUnread;
    private long ofGrowing;

    AnswerMemory(long most) {
        this.most = most;
    }

    static AnswerMemory ofHeap() {
        return new AnswerMemory(Runtime.getRuntime().maxMemory() / PART_OF_HEAP);
    }

    /**
     * Takes more bytes for the answer to a request that is being made, until {@link #take} or {@link #free}.
     *
     * @return the requests whose answers must be given up for it; their bytes count no more
     * @throws ApiException if there is no room
     */
    synchronized List<OpenRequest> grow(OpenRequest request, long bytes) {
        if (ofGrowing + bytes > most) {
            throw ApiException.busy(
                    "the log probabilities of answers fill the memory for answers; try again later, or ask"
                            + " for fewer of them");
        }
        growing.merge(request, bytes, Long::sum);
        ofGrowing += bytes;
        return surplus();
    }

    /**
     * Takes bytes for the whole answer to a request until {@link #free}.
     *
     * @return the requests whose answers must be given up for it; their bytes count no more
     */
    synchronized List<OpenRequest> take(OpenRequest request, int bytes) {
        free(request);
        ofUnread += bytes;
        List<OpenRequest> surplus = surplus();
        unread.put(request, bytes);
        return surplus;
    }

    private List<OpenRequest> surplus() {
        List<OpenRequest> surplus = new ArrayList<>();
        Iterator<Map.Entry<OpenRequest, Integer>> oldest = unread.entrySet().iterator();
        while (taken() > most && oldest.hasNext()) {
            Map.Entry<OpenRequest, Integer> one = oldest.next();
            surplus.add(one.getKey());
            ofUnread -= one.getValue();
            oldest.remove();
        }
        return surplus;
    }

    /** Gives the bytes of an answer back that was sent or given up. A second call has no effect. */
    synchronized void free(OpenRequest request) {
        Integer bytes = unread.remove(request);
        ofUnread -= bytes == null ? 0 : bytes;
        Long grown = growing.remove(request);
        ofGrowing -= grown == null ? 0 : grown;
    }

    synchronized long taken() {
        return ofUnread + ofGrowing;
    }
}
