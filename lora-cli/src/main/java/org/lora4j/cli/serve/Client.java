package org.lora4j.cli.serve;

/**
 * Who sends requests.
 *
 * @param name the name of its key, for the log; never the key
 * @param access which adapters it may use
 * @param limits how much it may use
 */
record Client(String name, Access access, KeyLimits limits) {
    /** Who asks a server without keys. */
    static final Client ANYONE = new Client("-", Access.ALL, KeyLimits.NONE);
}
