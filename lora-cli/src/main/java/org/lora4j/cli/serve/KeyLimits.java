package org.lora4j.cli.serve;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.lora4j.cli.serve.files.StoreLimits;

/**
 * What a key may use. Zero is no limit, or that of the server for all keys.
 *
 * @param requests how many requests are answered at the same time
 * @param tokens how many tokens of prompts and answers a minute
 * @param compile how many seconds of the compilation of schemas a minute
 * @param files how many files
 * @param storage how many bytes of files, in units of 1,048,576
 */
record KeyLimits(long requests, long tokens, long compile, long files, long storage) {
    static final List<String> OPTIONS = List.of("requests", "tokens", "compile", "files", "storage");
    static final KeyLimits NONE = new KeyLimits(0, 0, 0, 0, 0);
    private static final int MIB = 1 << 20;

    static KeyLimits of(Map<String, Long> options) {
        return new KeyLimits(
                options.getOrDefault("requests", 0L),
                options.getOrDefault("tokens", 0L),
                options.getOrDefault("compile", 0L),
                options.getOrDefault("files", 0L),
                options.getOrDefault("storage", 0L));
    }

    /** What a key may have of files. */
    StoreLimits.OfOwner ofFiles(StoreLimits.OfOwner otherwise) {
        return new StoreLimits.OfOwner(
                files == 0 ? otherwise.files() : files, storage == 0 ? otherwise.bytes() : storage * MIB);
    }

    long compileNanos() {
        return TimeUnit.SECONDS.toNanos(compile);
    }
}
