package org.lora4j.console.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.train.TrainingListener.Iteration;
import org.slf4j.LoggerFactory;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** A program of the tests, and what its user sees. */
class CommandRunnerTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path temp;

    @Command(name = "sample", scope = ScopeType.INHERIT, mixinStandardHelpOptions = true)
    static class Sample implements Program {
        @Override
        public List<Class<?>> commands() {
            return List.of(Work.class, Closed.class, HelpCommand.class, GenerateCompletion.class);
        }
    }

    @Command(name = "work", description = "Counts to a number.", mixinStandardHelpOptions = true)
    static class Work extends WorkCommand {
        @Option(names = "--rank", defaultValue = "1")
        private int rank;

        @Option(names = "--batches", defaultValue = "1")
        private int batches;

        @Option(names = "--rate", defaultValue = "0.5")
        private double rate;

        @Option(names = "--dropout", defaultValue = "0.5")
        private double dropout;

        @Option(names = "--output")
        private @Nullable Path output;

        @Option(names = "--fail")
        private String fail = "";

        @Mixin
        private ProgressOptions progress = new ProgressOptions();

        @Override
        protected void checkOptions(OptionCheck check) {
            check.inRange("--rank", rank, 1, 8);
            check.atLeast("--batches", batches, 1);
            check.positive("--rate", rate);
            check.share("--dropout", dropout);
            check.require(!check.isGiven("--rate") || batches > 1, "--rate needs --batches");
        }

        @Override
        protected void work() throws IOException {
            if (output != null) {
                prepare(output, "the results", 10).add("page", "report.html");
            }
            switch (fail) {
                case "memory" -> throw new OutOfMemoryError("heap");
                case "file" -> throw new FileNotFoundException("a.csv: the first line\nand the second");
                case "bug" -> throw new NullPointerException("x");
                default -> {}
            }
            long left = display(progress, err(), "texts").show("training", 100, listener -> {
                listener.onIteration(new Iteration(100, 1, 10, 0.5, 0.125, 900));
                return 7L;
            });
            out().println("worked " + left + ", " + kept());
        }
    }

    @Command(name = "closed")
    static class Closed extends WorkCommand {
        @Override
        protected void checkOptions(OptionCheck check) {}

        @Override
        protected void work() {
            ClosedOutput.failing(new BrokenPipe(), StandardCharsets.UTF_8).println("nobody reads this");
        }
    }

    /** The writing end of a pipe that nobody reads. */
    private static final class BrokenPipe extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
        }
    }

    private int run(String... args) {
        return CommandRunner.run(new Sample(), "work", new PrintWriter(out), new PrintWriter(err), args);
    }

    @Test
    void worksByDefaultAndReturnsZero() {
        assertThat(run()).isZero();
        assertThat(out.toString().strip()).isEqualTo("worked 7, nothing of this run is kept");
        assertThat(run("--rank", "2", "--output", temp.toString())).isZero();
        assertThat(out.toString()).contains("worked 7, kept in " + temp + ": report.html");
        assertThat(err.toString()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "work --rank 9 | error: --rank must be in [1, 8], found 9 (see sample work --help)",
                "work --batches 0 | error: --batches must be at least 1, found 0 (see sample work --help)",
                "work --rate NaN | error: --rate must be finite and positive, found NaN (see sample work --help)",
                "work --dropout 1 | error: --dropout must be in [0, 1), found 1.0 (see sample work --help)",
                "work --rate 0.1 | error: --rate needs --batches (see sample work --help)",
                "worker | error: Unmatched argument at index 0: 'worker'; did you mean work or generate-completion? (see sample --help)",
                "work --rang=2 | error: Unknown option: '--rang=2'; did you mean --rank or --rate? (see sample work --help)",
            })
    void wrongUseIsOneLineWithCode2(String options, String message) {
        assertThat(run(options.split(" "))).isEqualTo(2);
        assertThat(err.toString().strip()).isEqualTo(message);
        assertThat(out.toString()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "memory | error: not enough memory; use smaller batches, or give Java more memory with -Xmx",
                "file | error: a.csv: the first line; and the second",
                "bug | error: java.lang.NullPointerException: x (--verbose shows where)",
            })
    void aFailureIsOneLineWithCode1(String fail, String message) {
        assertThat(run("work", "--fail", fail)).isEqualTo(1);
        assertThat(err.toString().strip()).isEqualTo(message);
    }

    @Test
    void aVerboseFailureHasItsStackTraceAndTheLog() {
        assertThat(run("work", "--fail", "bug", "--verbose")).isEqualTo(1);
        assertThat(err.toString()).contains("\tat org.lora4j.console.command.CommandRunnerTest$Work.work");
        assertThat(LoggerFactory.getLogger("org.lora4j").isDebugEnabled()).isTrue();
        run("work");
        assertThat(LoggerFactory.getLogger("org.lora4j").isInfoEnabled()).isFalse();
    }

    @Test
    void aClosedOutputEndsTheWorkAsASignalDoes() {
        assertThat(run("closed")).isEqualTo(141);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void anOpenOutputTakesWhatIsPrinted() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream stream = ClosedOutput.failing(bytes, StandardCharsets.UTF_8);
        stream.print("ü");
        assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo("ü");
    }

    @Test
    void helpAndVersionNeedNoCommand() {
        assertThat(run("--version")).isZero();
        assertThat(run("work", "--version")).isZero();
        assertThat(out.toString().lines()).containsExactly("sample (no release)", "sample (no release)");
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).contains("Usage: sample");
        assertThat(List.of(run("-h"), run("-V"))).containsOnly(0);
    }

    /** The commands that are not named have no options in the model, and the help shows them all the same. */
    @Test
    void theHelpHasAllCommands() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString())
                .containsPattern("work +Counts to a number")
                .contains("closed")
                .containsPattern("help +Display");
        CommandLine other = Objects.requireNonNull(
                CommandRunner.line(new Sample(), "closed").getSubcommands().get("work"));
        assertThat(other.getCommandSpec().optionsMap()).doesNotContainKey("--rank");
        for (String[] words : new String[][] {{"help", "work"}, {"work", "--help"}}) {
            out.getBuffer().setLength(0);
            assertThat(run(words)).isZero();
            assertThat(out.toString()).contains("--rank");
        }
        out.getBuffer().setLength(0);
        assertThat(run("generate-completion")).isZero();
        assertThat(out.toString()).contains("--rank");
    }

    @Test
    void aFileCanHaveTheArguments() throws IOException {
        Path file = Files.writeString(temp.resolve("arguments"), "work --rank 2");
        assertThat(run("@" + file)).isZero();
        assertThat(out.toString()).contains("worked 7");
    }

    @Test
    void aPathThatCannotBeOneIsWrongUse() {
        assertThat(run("work", "--output", "a\0b")).isEqualTo(2);
        assertThat(err.toString()).contains("'a\0b' must be a path, found: Nul character not allowed");
    }
}
