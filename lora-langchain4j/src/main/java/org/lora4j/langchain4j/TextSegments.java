package org.lora4j.langchain4j;

import dev.langchain4j.data.segment.TextSegment;
import java.util.List;
import java.util.Objects;

/** Checks the texts of a call. */
final class TextSegments {
    private TextSegments() {}

    /** Returns the texts, if none is null. */
    static List<String> texts(List<TextSegment> segments) {
        Objects.requireNonNull(segments, "segments must not be null");
        for (int i = 0; i < segments.size(); i++) {
            int index = i;
            Objects.requireNonNull(
                    segments.get(i), () -> "segments: each must be a text, found null at index " + index);
        }
        return segments.stream().map(TextSegment::text).toList();
    }
}
