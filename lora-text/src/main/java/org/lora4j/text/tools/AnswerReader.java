package org.lora4j.text.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads an answer that comes part by part: what is thought, then text and calls, as {@link ToolReader} finds them. What stands in thoughts is no
 * call. However an answer is divided, the parts together are the same. One thread at a time can use it.
 */
public final class AnswerReader {
    private final @Nullable ThoughtReader thoughts;
    private final @Nullable ToolReader calls;

    AnswerReader(@Nullable ThoughtReader thoughts, @Nullable ToolReader calls) {
        this.thoughts = thoughts;
        this.calls = calls;
    }

    /**
     * Adds a part.
     *
     * @param part what follows on the parts so far
     * @return what is certain now; may be empty
     * @throws IllegalStateException if the answer has ended
     */
    public List<AnswerPart> add(String part) {
        Objects.requireNonNull(part, "part must not be null");
        return thoughts == null ? said(part) : parts(thoughts.add(part));
    }

    /**
     * Ends the answer.
     *
     * @return what was held back
     */
    public List<AnswerPart> end() {
        List<AnswerPart> parts = new ArrayList<>();
        if (thoughts != null) {
            parts.addAll(parts(thoughts.end()));
        }
        if (calls != null) {
            parts.addAll(calls.end());
        }
        return parts;
    }

    private List<AnswerPart> parts(List<ThoughtReader.Piece> pieces) {
        List<AnswerPart> parts = new ArrayList<>();
        for (ThoughtReader.Piece piece : pieces) {
            if (piece.isThought()) {
                parts.add(new AnswerPart.Thoughts(piece.text()));
            } else {
                parts.addAll(said(piece.text()));
            }
        }
        return parts;
    }

    private List<AnswerPart> said(String text) {
        if (calls != null) {
            return calls.add(text);
        }
        return text.isEmpty() ? List.of() : List.of(new AnswerPart.Text(text));
    }
}
