package org.lora4j.text.train;

import java.util.Locale;
import java.util.Objects;

/**
 * What a new adapter begins with, see {@link TrainableClassify#start}.
 *
 * @param kind how the start was made
 * @param probe what the frozen model can do, whose classifier the adapter can also have without any training
 */
public record ClassifierStart(Kind kind, LinearProbe probe) {
    /** How a start is made. */
    public enum Kind {
        /** The classifier is softmax regression on the frozen model. */
        PROBE,
        /** The layers learned pairs of texts, and the classifier is softmax regression on what they give then. Nothing is left to train. */
        PAIRS;

        /**
         * Returns the name that files and options have.
         *
         * @return in small letters
         */
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Checks that nothing is null.
     *
     * @param kind how the start was made
     * @param probe what the frozen model can do
     */
    public ClassifierStart {
        Objects.requireNonNull(kind, "kind must not be null");
        Objects.requireNonNull(probe, "probe must not be null");
    }
}
