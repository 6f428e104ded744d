package org.lora4j.cli.serve;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What a key may use. Zero is no limit.
 *
 * @param requests how many requests are answered at the same time
 * @param tokens how many tokens of prompts and answers a minute
 * @param compile how many seconds of the compilation of schemas a minute
 */
record KeyLimits(long requests, long tokens, long compile) {
    static final Set<String> OPTIONS = Set.of("requests", "tokens", "compile");
    static final KeyLimits NONE = new KeyLimits(0, 0, 0);

    static KeyLimits of(Map<String, Long> options) {
        return new KeyLimits(
                options.getOrDefault("requests", 0L),
                options.getOrDefault("tokens", 0L),
                options.getOrDefault("compile", 0L));
    }

    long compileNanos() {
        return TimeUnit.SECONDS.toNanos(compile);
    }
}
