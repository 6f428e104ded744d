package org.lora4j.text.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;

/**
 * The events of a job, one in each line. The name of an event ends with the place of its line, so a page that follows it is found without
 * reading the others.
 */
final class EventFile {
    private static final String PREFIX = "ftevent-";

    /** Most lines are shorter. */
    private static final int BLOCK = 1 << 13;

    private final Path file;

    EventFile(Path file) {
        this.file = file;
    }

    /** Adds an event. A line that a killed process left unfinished is deleted before. */
    synchronized void add(String job, Instant time, JobEvent.Level level, String message, Map<String, Number> metrics)
            throws IOException {
        long place = Files.exists(file) ? wholeLength() : 0;
        ObjectNode line = StrictJson.MAPPER
                .createObjectNode()
                .put("id", PREFIX + job + "-" + Long.toHexString(place))
                .put("time", time.toEpochMilli())
                .put("level", level.name())
                .put("message", message);
        if (!metrics.isEmpty()) {
            line.set("metrics", StrictJson.MAPPER.valueToTree(metrics));
        }
        JobFolder.append(file, line + "\n");
    }

    /** Returns the length without an unfinished line at the end, which is cut off. */
    private long wholeLength() throws IOException {
        try (RandomAccessFile lines = new RandomAccessFile(file.toFile(), "rw")) {
            long length = lines.length();
            if (length == 0) {
                return 0;
            }
            lines.seek(length - 1);
            if (lines.read() == '\n') {
                return length;
            }
            long whole = beginOfLine(lines, length);
            lines.setLength(whole);
            return whole;
        }
    }

    /**
     * Returns events, the newest first.
     *
     * @param after the name of the event after which the page begins; null for the newest
     * @param limit the most events
     * @throws IllegalArgumentException if there is no such event
     */
    synchronized List<JobEvent> latest(@Nullable String after, int limit) throws IOException {
        List<JobEvent> found = new ArrayList<>();
        if (!Files.exists(file)) {
            return found;
        }
        try (RandomAccessFile lines = new RandomAccessFile(file.toFile(), "r")) {
            long end = after == null ? lines.length() : placeOf(lines, after);
            while (end > 0 && found.size() < limit) {
                long begin = beginOfLine(lines, end - 1);
                JobEvent event = read(lines, begin, end);
                if (event != null) {
                    found.add(event);
                }
                end = begin;
            }
        }
        return found;
    }

    /**
     * Returns events, the oldest first.
     *
     * @param last the name of the event that they follow; null for the first ones
     * @param limit the most events
     * @throws IllegalArgumentException if there is no such event
     */
    synchronized List<JobEvent> since(@Nullable String last, int limit) throws IOException {
        List<JobEvent> found = new ArrayList<>();
        if (!Files.exists(file)) {
            return found;
        }
        try (RandomAccessFile lines = new RandomAccessFile(file.toFile(), "r")) {
            long begin = last == null ? 0 : endOfLine(lines, placeOf(lines, last));
            long length = lines.length();
            while (begin < length && found.size() < limit) {
                long end = endOfLine(lines, begin);
                JobEvent event = read(lines, begin, end);
                if (event == null) {
                    break;
                }
                found.add(event);
                begin = end;
            }
        }
        return found;
    }

    private long placeOf(RandomAccessFile lines, String id) throws IOException {
        try {
            long place = Long.parseLong(id.substring(id.lastIndexOf('-') + 1), 16);
            if (place >= 0 && place < lines.length()) {
                JobEvent event = read(lines, place, endOfLine(lines, place));
                if (event != null && event.id().equals(id)) {
                    return place;
                }
            }
        } catch (NumberFormatException e) {
            // The message below says so.
        }
        throw new IllegalArgumentException("after must be the name of an event of this job, found another text");
    }

    /** Returns where the line begins that has the byte before a place. */
    private static long beginOfLine(RandomAccessFile lines, long before) throws IOException {
        long to = before;
        while (to > 0) {
            int size = (int) Math.min(BLOCK, to);
            byte[] block = new byte[size];
            lines.seek(to - size);
            lines.readFully(block);
            for (int i = size - 1; i >= 0; i--) {
                if (block[i] == '\n') {
                    return to - size + i + 1;
                }
            }
            to -= size;
        }
        return 0;
    }

    private static long endOfLine(RandomAccessFile lines, long begin) throws IOException {
        lines.seek(begin);
        byte[] block = new byte[BLOCK];
        long at = begin;
        for (int read = lines.read(block); read > 0; read = lines.read(block)) {
            for (int i = 0; i < read; i++) {
                if (block[i] == '\n') {
                    return at + i + 1;
                }
            }
            at += read;
        }
        return at;
    }

    /** Reads a line; null if it is not whole. */
    private static @Nullable JobEvent read(RandomAccessFile lines, long begin, long end) throws IOException {
        byte[] bytes = new byte[Math.toIntExact(end - begin)];
        lines.seek(begin);
        lines.readFully(bytes);
        String line = new String(bytes, StandardCharsets.UTF_8);
        return line.endsWith("\n") ? of(StrictJson.parse("events.jsonl", line)) : null;
    }

    private static JobEvent of(JsonNode line) {
        JsonNode values = line.get("metrics");
        Map<String, Number> metrics = new LinkedHashMap<>();
        if (values != null) {
            for (Map.Entry<String, JsonNode> value : values.properties()) {
                metrics.put(value.getKey(), value.getValue().numberValue());
            }
        }
        return new JobEvent(
                line.path("id").asText(),
                Instant.ofEpochMilli(line.path("time").asLong()),
                JobEvent.Level.valueOf(line.path("level").asText()),
                line.path("message").asText(),
                metrics);
    }
}
