package org.lora4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
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
        int code = Lora.execute(new PrintWriter(out), new PrintWriter(err), words);
        return new Cli(code, out.toString(), err.toString());
    }

    /** Runs the program, which must succeed and say nothing on standard error but the progress of a long training. */
    static Cli good(Object... args) {
        Cli cli = run(args);
        if (cli.code != 0 || !cli.errLines().isEmpty()) {
            throw new AssertionError(Arrays.toString(args) + " ended with " + cli.code + ": " + cli.err);
        }
        return cli;
    }

    /** Runs with some text on standard input. */
    static Cli withInput(String input, Object... args) {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        try {
            return good(args);
        } finally {
            System.setIn(before);
        }
    }

    JsonNode json() throws JsonProcessingException {
        return new ObjectMapper().readTree(out);
    }

    /** Returns the lines on standard error, without those of the progress, which a slow machine prints. */
    List<String> errLines() {
        return err.lines().filter(line -> !isProgress(line)).toList();
    }

    static boolean isProgress(String line) {
        return line.matches("  +[0-9,]+ of [0-9,]+ batches .*");
    }

    /** More words after others. */
    static Object[] words(Object[] first, Object... more) {
        return Stream.concat(Stream.of(first), Stream.of(more)).toArray();
    }
}
