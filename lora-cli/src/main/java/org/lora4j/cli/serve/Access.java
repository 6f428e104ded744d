package org.lora4j.cli.serve;

import java.util.Set;

/**
 * What a client may use.
 *
 * @param all whether it is everything
 * @param names the names of the models otherwise
 */
record Access(boolean all, Set<String> names) {
    static final Access ALL = new Access(true, Set.of());

    Access {
        names = Set.copyOf(names);
    }

    boolean may(String name) {
        return all || names.contains(name);
    }

    /**
     * Checks that a client may use a model.
     *
     * @throws ApiException if it may not; to the client it looks like one that is not there
     */
    void require(String name) {
        if (!may(name)) {
            throw ApiException.unknownModel(name);
        }
    }
}
