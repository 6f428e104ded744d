package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.api.SoftAssertions;
import org.lora4j.fixtures.ProcessorTime;
import org.slf4j.LoggerFactory;

/**
 * Gives a reader sound files, files of the corpus and mutations of both. Each must be read, or refused by a documented
 * exception with a short message, soon.
 */
final class Attack implements AutoCloseable {
    private static final Duration MOST_TIME = Duration.ofSeconds(2);
    private static final int LONGEST_MESSAGE = 4_000;
    private static final int MOST_FAILURES = Integer.getInteger("attack.failures", 10);

    /** A file that was the reason of a failure is written here, to be put into the corpus. */
    private static final Path FAILURES = Path.of("target", "attack");

    private static final Logger LOG = (Logger) LoggerFactory.getLogger("org.lora4j");

    private final Target target;
    private final List<Sample> sound;
    private final List<Sample> corpus;
    private final List<AssertionError> failures = new ArrayList<>();
    private int accepted;
    private int refused;

    Attack(Target target) {
        this.target = target;
        // The readers warn of unknown keys and the like; here there would be thousands of such lines.
        LOG.setLevel(Level.ERROR);
        sound = target.sound();
        corpus = Corpus.of(target);
    }

    int accepted() {
        return accepted;
    }

    int refused() {
        return refused;
    }

    /** Reads all samples as they are. The sound ones must be accepted. */
    void readSamples() throws Exception {
        for (Sample sample : sound) {
            // Not within the time: the first one loads the native library.
            target.read(sample);
        }
        corpus.forEach(this::read);
    }

    /** Reads a mutation of one of the samples. The same seed gives the same mutation. */
    void readMutation(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        // What is damaged already gets no further than the first checks, mostly.
        List<Sample> samples = random.nextInt(3) == 0 ? corpus : sound;
        Sample mutation = samples.get(random.nextInt(samples.size())).mutate(random);
        read(new Sample(mutation.name() + ", seed " + seed, mutation.files()));
    }

    @Override
    public void close() {
        LOG.setLevel(null);
    }

    /** Fails with the first failures if there are some. */
    void requireNoFailure() {
        SoftAssertions all = new SoftAssertions();
        failures.forEach(all::collectAssertionError);
        all.assertAll();
    }

    private void read(Sample sample) {
        if (failures.size() == MOST_FAILURES) {
            return;
        }
        Duration begin = ProcessorTime.now();
        try {
            target.read(sample);
            accepted++;
        } catch (IOException | Target.Refusal e) {
            refused++;
            try {
                assertClear(e);
            } catch (AssertionError unclear) {
                fail(sample, unclear);
            }
        } catch (Throwable e) {
            fail(sample, e);
        }
        Duration time = ProcessorTime.now().minus(begin);
        if (time.compareTo(MOST_TIME) > 0) {
            fail(sample, new AssertionError("must need at most " + MOST_TIME + " of processor time, found " + time));
        }
    }

    /** A message has one line of limited length. */
    static void assertClear(Exception e) {
        assertThat(e.getMessage()).as(e.toString()).isNotNull();
        assertThat(e.getMessage().length())
                .as("length of the message of %s", e.getClass())
                .isLessThanOrEqualTo(LONGEST_MESSAGE);
        assertThat(e.getMessage().chars().noneMatch(Character::isISOControl))
                .as("no control character in %s", e)
                .isTrue();
    }

    private void fail(Sample sample, Throwable cause) {
        try {
            Files.createDirectories(FAILURES);
            String name = target.kind() + "-" + sample.name().replaceAll("[^\\w-]+", "-");
            for (String file : sample.files().keySet()) {
                Files.write(FAILURES.resolve(name + file.substring(file.lastIndexOf('.'))), sample.file(file));
            }
            failures.add(new AssertionError(
                    target.kind() + ": " + sample.name() + " fails; its files are " + FAILURES.resolve(name) + ".*: "
                            + cause,
                    cause));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
