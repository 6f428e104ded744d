package org.lora4j.bench;

import java.util.HashMap;
import java.util.Map;
import org.lora4j.linalg.Precision;

/**
 * The arguments of one work, a task whose time is measured.
 *
 * @param work the name of the work
 * @param net see {@link Start}
 * @param variant base, lora, dora, merged, two or mixed
 * @param rank the rank of the adapters
 * @param batch the number of rows of a batch
 * @param adapters the number of adapters
 * @param threads the number of BLAS threads, or {@value Threads#ENGINE} or {@value Threads#DEFAULT}
 * @param warm the seconds of the warm-up
 * @param seconds the seconds of the measurement
 * @param steps the number of training steps to take without measuring times, or 0 to measure
 * @param rate the learning rate
 * @param storage the precision in which the base is stored
 * @param file the file to write, or an empty text
 */
record Settings(
        String work,
        String net,
        String variant,
        int rank,
        int batch,
        int adapters,
        String threads,
        double warm,
        double seconds,
        int steps,
        double rate,
        Precision storage,
        String file) {
    static Settings parse(String... args) {
        Map<String, String> given = new HashMap<>();
        for (String arg : args) {
            int equals = arg.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("each argument must be key=value, found " + arg);
            }
            given.put(arg.substring(0, equals), arg.substring(equals + 1));
        }
        int cores = Runtime.getRuntime().availableProcessors();
        Settings settings = new Settings(
                take(given, "work", ""),
                take(given, "net", Start.RICH),
                take(given, "variant", "lora"),
                Integer.parseInt(take(given, "rank", "8")),
                Integer.parseInt(take(given, "batch", "10")),
                Integer.parseInt(take(given, "adapters", "1")),
                take(given, "threads", Integer.toString(cores)),
                Double.parseDouble(take(given, "warm", "2")),
                Double.parseDouble(take(given, "seconds", "2")),
                Integer.parseInt(take(given, "steps", "0")),
                Double.parseDouble(take(given, "rate", "1e-3")),
                Precision.valueOf(take(given, "storage", "FLOAT")),
                take(given, "file", ""));
        if (!given.isEmpty()) {
            throw new IllegalArgumentException("arguments must be settings of a work, found " + given.keySet());
        }
        return settings;
    }

    private static String take(Map<String, String> given, String key, String other) {
        String value = given.remove(key);
        return value == null ? other : value;
    }

    Start start() {
        return new Start(net, batch);
    }
}
