package org.lora4j.cli.serve.files;

/**
 * How much a store takes.
 *
 * @param fileBytes the most bytes of a file
 * @param freeBytes how many bytes of the disk stay free
 * @param owner what each owner may have that has no limits of its own
 */
public record StoreLimits(long fileBytes, long freeBytes, OfOwner owner) {
    /**
     * What an owner may have, with its uploads that have not ended.
     *
     * @param files how many files
     * @param bytes how many bytes together
     */
    public record OfOwner(long files, long bytes) {}
}
