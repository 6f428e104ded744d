package org.lora4j.text.tools;

import java.util.Objects;

/**
 * A part of an answer that comes bit by bit: thoughts; text; or of a call its beginning, pieces of its arguments, and its end. One call
 * ends before the next one begins.
 */
public sealed interface AnswerPart {
    /**
     * Text beside the calls.
     *
     * @param text at least one character, which follows on the text so far
     */
    record Text(String text) implements AnswerPart {
        /**
         * Creates a part.
         *
         * @param text the text
         */
        public Text {
            Objects.requireNonNull(text, "text must not be null");
        }
    }

    /**
     * What the model thinks, which is no part of its text.
     *
     * @param text at least one character, which follows on the thoughts so far
     */
    record Thoughts(String text) implements AnswerPart {
        /**
         * Creates a part.
         *
         * @param text the thoughts
         */
        public Thoughts {
            Objects.requireNonNull(text, "text must not be null");
        }
    }

    /**
     * A call begins.
     *
     * @param index its number among the calls of the answer, from 0
     * @param name the function
     */
    record CallBegins(int index, String name) implements AnswerPart {
        /**
         * Creates a part.
         *
         * @param index the number of the call
         * @param name the function
         */
        public CallBegins {
            Objects.requireNonNull(name, "name must not be null");
        }
    }

    /**
     * A piece of the arguments of the call that began.
     *
     * @param index the number of the call
     * @param json at least one character of the JSON object, which follows on the pieces so far
     */
    record Arguments(int index, String json) implements AnswerPart {
        /**
         * Creates a part.
         *
         * @param index the number of the call
         * @param json a piece of JSON
         */
        public Arguments {
            Objects.requireNonNull(json, "json must not be null");
        }
    }

    /**
     * The call that began is complete.
     *
     * @param index the number of the call
     * @param call the whole call; its arguments are the pieces one after the other
     */
    record CallEnds(int index, ToolCall call) implements AnswerPart {
        /**
         * Creates a part.
         *
         * @param index the number of the call
         * @param call the call
         */
        public CallEnds {
            Objects.requireNonNull(call, "call must not be null");
        }
    }

    /**
     * What began is no call: its JSON is broken or unfinished. All of its characters follow as text. The next call has the same
     * number.
     *
     * @param index the number of the call
     */
    record CallFails(int index) implements AnswerPart {}
}
