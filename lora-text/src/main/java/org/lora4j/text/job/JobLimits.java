package org.lora4j.text.job;

/**
 * How much a service takes.
 *
 * @param waiting the most jobs of an owner that wait or train
 * @param jobs the most jobs that are kept, with those that have ended, of all owners together
 * @param bytes the most bytes of a file of rows
 * @param tokens the most tokens of an example of a language model; also at most those that the model has positions for
 */
public record JobLimits(int waiting, int jobs, long bytes, int tokens) {
    /** 100 jobs of an owner, 100,000 jobs, 512 MiB, 2,048 tokens. */
    public static final JobLimits DEFAULT = new JobLimits(100, 100_000, 512L << 20, 2_048);

    /**
     * Checks the numbers.
     *
     * @param waiting the most jobs of an owner that wait or train
     * @param jobs the most jobs that are kept
     * @param bytes the most bytes of a file
     * @param tokens the most tokens of an example
     * @throws IllegalArgumentException if one is not positive
     */
    public JobLimits {
        if (waiting < 1 || jobs < 1 || bytes < 1 || tokens < 2) {
            throw new IllegalArgumentException("the limits must be at least 1, and that of tokens 2, found " + waiting
                    + ", " + jobs + ", " + bytes + " and " + tokens);
        }
    }
}
