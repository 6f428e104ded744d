package org.lora4j.cli.serve;

/**
 * Who sends requests.
 *
 * @param name the name of its key, for the log; never the key
 * @param owner whose its files are: the hash of the key, so that another key of the same name has others
 * @param access which adapters it may use
 * @param trains whether it may have files and train with them
 * @param limits how much it may use
 */
record Client(String name, String owner, Access access, boolean trains, KeyLimits limits) {
    /** Who asks a server without keys. */
    static final Client ANYONE = new Client("-", "anyone", Access.ALL, true, KeyLimits.NONE);

    /**
     * Checks that it may have files and train with them.
     *
     * @throws ApiException if it may not
     */
    void requireTrains() {
        if (!trains) {
            throw ApiException.of(
                    403, "not_allowed", "the key must have train=yes in the file of the keys, found one that has not");
        }
    }
}
