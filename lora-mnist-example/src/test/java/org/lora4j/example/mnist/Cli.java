package org.lora4j.example.mnist;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The result of a command line.
 *
 * @param code the exit code
 * @param out the text on standard output
 * @param err the text on standard error
 */
record Cli(int code, String out, String err) {
    /** Runs the program through its entry point. */
    static Cli run(Object... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] words = Stream.of(args).map(String::valueOf).toArray(String[]::new);
        int code = MnistExample.execute(new PrintWriter(out), new PrintWriter(err), words);
        return new Cli(code, out.toString(), err.toString());
    }

    /** Runs a short {@code run} on a small data set, with some more options. */
    static Cli shortRun(Path data, Path output, Object... more) {
        Stream<Object> options =
                Stream.of("--data", data, "--output", output, "--max-batches", 30, "--fine-tune-batches", 10);
        return run(Stream.concat(options, Stream.of(more)).toArray());
    }

    List<String> errLines() {
        return err.lines().toList();
    }
}
