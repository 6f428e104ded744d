package org.lora4j.attack;

import java.io.IOException;
import java.util.List;

/** A reader of files of strangers. */
interface Target {
    /** The file of tensors in a sample; the only one of most targets. */
    String TENSORS = "tensors.safetensors";

    /** What is read. */
    String kind();

    /** The folder with damaged samples for this target. */
    default String corpus() {
        return "/corpus/" + kind();
    }

    /** The name of the file of tensors in a sample. */
    default String tensors() {
        return TENSORS;
    }

    /** Samples without a fault, in the form that the library writes. */
    List<Sample> sound();

    /**
     * Reads a sample, and uses what was read. What was read is written and read again, and must be equal then.
     *
     * @throws IOException if the sample is refused while it is read
     * @throws Refusal if what was read is refused by another documented exception
     */
    void read(Sample sample) throws IOException, Refusal;

    /** A documented exception that is no {@link IOException}. */
    final class Refusal extends Exception {
        private static final long serialVersionUID = 1;

        Refusal(RuntimeException cause) {
            super(cause.getMessage(), cause);
        }
    }
}
