package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.SmallModels.assertSameBits;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.fixtures.MustEnd;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Adapters that change in their folder. */
@MustEnd
class AdapterReloaderTest {
    private static final String CONFIG = "adapter_config.json";
    private static final String TENSORS = "adapter_model.safetensors";

    private final LoRAModel model = SmallModels.model();
    private final INDArray x = SmallModels.input(2);
    private final List<String> failed = new CopyOnWriteArrayList<>();
    private AdapterCache cache;

    @TempDir
    private Path folder;

    @TempDir
    private Path elsewhere;

    @BeforeEach
    void saveAnAdapter() throws IOException {
        save(folder.resolve("a"), 1);
        AdapterCache.Listener listener = new AdapterCache.Listener() {
            @Override
            public void onFailedLoad(String name, Throwable cause) {
                failed.add(name);
            }
        };
        cache = AdapterCache.builder(model, folder).listener(listener).build();
    }

    private void save(Path target, long seed) throws IOException {
        other(seed).using("x").save(target);
    }

    private static LoRAModel other(long seed) {
        LoRAModel other = SmallModels.model();
        other.add("x", SmallModels.random(seed).build());
        return other;
    }

    /** Loads the adapter and tells what it computes. */
    private INDArray output() {
        cache.pin("a").close();
        return model.using("a").predict(x);
    }

    private void assertComputes(long seed) {
        assertSameBits(output(), other(seed).using("x").predict(x));
    }

    @Test
    void aChangedAdapterIsLoadedAgainAfterTwoLooksAtTheSameFiles() throws IOException {
        AdapterReloader reloader = new AdapterReloader(cache, folder);
        assertComputes(1);
        reloader.look();
        save(folder.resolve("a"), 2);
        reloader.look();
        assertComputes(1);
        reloader.look();
        assertComputes(2);
        reloader.look();
        assertComputes(2);
    }

    /** A writer that never pauses is not waited for for ever. */
    @Test
    void anAdapterThatIsAlwaysWrittenIsLoadedAgainNowAndThen() throws IOException {
        AdapterReloader reloader = new AdapterReloader(cache, folder);
        assertComputes(1);
        List<Integer> computed = new ArrayList<>();
        for (int seed = 2; seed < 16; seed++) {
            save(folder.resolve("a"), seed);
            reloader.look();
            for (int one = 1; one <= seed; one++) {
                if (output().equals(other(one).using("x").predict(x))) {
                    computed.add(one);
                }
            }
        }
        assertThat(computed).containsExactly(1, 1, 1, 1, 1, 7, 7, 7, 7, 7, 7, 13, 13, 13);
        assertThat(failed).isEmpty();
    }

    @Test
    void twoFilesThatAreWrittenOneAfterTheOtherAreSeenWhole() throws IOException {
        LoRAModel larger = SmallModels.model();
        larger.add("x", SmallModels.random(3).rank(3).alpha(3).build());
        larger.using("x").save(elsewhere);
        AdapterReloader reloader = new AdapterReloader(cache, folder);
        assertComputes(1);
        Path target = folder.resolve("a");
        byte[] tensors = Files.readAllBytes(elsewhere.resolve(TENSORS));
        Files.copy(elsewhere.resolve(CONFIG), target.resolve(CONFIG), StandardCopyOption.REPLACE_EXISTING);
        reloader.look();
        for (int length : new int[] {0, tensors.length / 2, tensors.length}) {
            Files.write(target.resolve(TENSORS), Arrays.copyOf(tensors, length));
            reloader.look();
            assertComputes(1);
        }
        assertThat(failed).isEmpty();
        reloader.look();
        assertSameBits(output(), larger.using("x").predict(x));
    }

    @Test
    void aFailedReloadKeepsTheOldAdapterAndIsReportedAndTriedAgainMoreAndMoreRarely() throws IOException {
        AdapterReloader reloader = new AdapterReloader(cache, folder);
        assertComputes(1);
        byte[] config = Files.readAllBytes(folder.resolve("a").resolve(CONFIG));
        Files.writeString(folder.resolve("a").resolve(CONFIG), "{");
        reloader.look();
        reloader.look();
        assertThat(failed).containsExactly("a");
        assertThat(cache.failures()).containsOnlyKeys("a");
        assertComputes(1);
        for (int i = 0; i < 5; i++) {
            reloader.look();
        }
        assertThat(failed).hasSize(3);
        Files.write(folder.resolve("a").resolve(CONFIG), config);
        reloader.look();
        reloader.look();
        assertThat(failed).hasSize(3);
        assertThat(cache.failures()).isEmpty();
        assertComputes(1);
    }

    @Test
    void anAdapterThatIsNewOrWasDeletedIsNoFailure() throws IOException {
        AdapterReloader reloader = new AdapterReloader(cache, folder);
        assertComputes(1);
        for (String file : List.of(CONFIG, TENSORS)) {
            Files.delete(folder.resolve("a").resolve(file));
        }
        save(folder.resolve("b"), 2);
        reloader.look();
        assertComputes(1);
        Files.move(folder.resolve("a"), elsewhere.resolve("deleted"));
        save(folder.resolve("a"), 4);
        reloader.look();
        reloader.look();
        assertComputes(4);
        cache.pin("b").close();
        assertThat(failed).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anAdapterWhoseFilesAreDeletedIsForgottenAfterTwoLooks(boolean wholeFolder) throws IOException {
        AdapterReloader reloader = new AdapterReloader(cache, folder);
        assertComputes(1);
        INDArray expected = model.using("a").predict(x);
        AdapterView inUse = model.using("a");
        if (wholeFolder) {
            Files.move(folder.resolve("a"), elsewhere.resolve("deleted"));
        } else {
            for (String file : List.of(CONFIG, TENSORS)) {
                Files.delete(folder.resolve("a").resolve(file));
            }
        }
        reloader.look();
        assertSameBits(model.using("a").predict(x), expected);
        AdapterCache.Pin running = cache.pin("a");
        reloader.look();
        assertThatThrownBy(() -> cache.pin("a"))
                .isInstanceOf(wholeFolder ? IllegalArgumentException.class : UncheckedIOException.class);
        assertSameBits(inUse.predict(x), expected);
        running.close();
        assertThat(model.names()).isEmpty();
        assertThatIllegalArgumentException().isThrownBy(() -> inUse.predict(x));
        assertThat(cache.stats().adapters()).isZero();
        assertThat(cache.stats().bytes()).isZero();
        assertThat(failed).containsExactly("a");
        save(folder.resolve("a"), 5);
        reloader.look();
        reloader.look();
        assertComputes(5);
    }

    /** The program added it, so it does not come from the folder. */
    @Test
    void anAdapterOfTheProgramStays() {
        model.add("own", SmallModels.random(7).build());
        AdapterReloader reloader = new AdapterReloader(cache, folder);
        reloader.look();
        reloader.look();
        assertThat(model.names()).containsExactly("own");
        assertThat(cache.forget("own")).isFalse();
    }

    /** A link to itself cannot be read even by a user who may read everything. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void anAdapterThatCannotBeReadStaysAndTheOthersAreLoadedAgain() throws IOException {
        save(folder.resolve("b"), 3);
        AdapterReloader reloader = new AdapterReloader(cache, folder);
        assertComputes(1);
        cache.pin("b").close();
        Path link = folder.resolve("b").resolve("adapter_link");
        Files.createSymbolicLink(link, link);
        save(folder.resolve("a"), 2);
        for (int i = 0; i < 3; i++) {
            reloader.look();
        }
        assertComputes(2);
        assertSameBits(model.using("b").predict(x), other(3).using("x").predict(x));
        Files.delete(link);
        save(folder.resolve("b"), 4);
        reloader.look();
        reloader.look();
        assertSameBits(model.using("b").predict(x), other(4).using("x").predict(x));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aLinkToNothingIsNoFile() throws IOException {
        AdapterReloader reloader = new AdapterReloader(cache, folder);
        assertComputes(1);
        Files.createSymbolicLink(folder.resolve("a").resolve("adapter_link"), folder.resolve("nothing"));
        for (int i = 0; i < 3; i++) {
            reloader.look();
        }
        assertThat(model.names()).contains("a");
        save(folder.resolve("a"), 2);
        reloader.look();
        reloader.look();
        assertComputes(2);
    }

    /** The command line's file of the classes is read with the adapter. */
    @Test
    void anotherTaskIsAChange() throws IOException {
        List<String> read = new ArrayList<>();
        AdapterCache withTasks = AdapterCache.builder(model, (name, base, options) -> {
                    Path task = folder.resolve(name).resolve("task.json");
                    read.add(Files.exists(task) ? Files.readString(task) : "none");
                    return AdapterSource.of(folder).load(name, base, options);
                })
                .build();
        AdapterReloader reloader = new AdapterReloader(withTasks, folder);
        withTasks.pin("a").close();
        Files.writeString(folder.resolve("a").resolve("task.json"), "{}");
        for (int i = 0; i < 4; i++) {
            reloader.look();
        }
        assertThat(read).containsExactly("none", "{}");
    }

    @Test
    void aTaskAloneIsNoAdapter() throws IOException {
        AdapterReloader reloader = new AdapterReloader(cache, folder);
        assertComputes(1);
        Files.writeString(folder.resolve("a").resolve("task.json"), "{}");
        for (String file : List.of(CONFIG, TENSORS)) {
            Files.delete(folder.resolve("a").resolve(file));
        }
        reloader.look();
        reloader.look();
        assertThat(model.names()).isEmpty();
    }

    @Test
    void aFolderThatCannotBeReadChangesNothing() throws IOException {
        AdapterReloader reloader = new AdapterReloader(cache, folder);
        assertComputes(1);
        Path moved = elsewhere.resolve("moved");
        Files.move(folder, moved);
        reloader.look();
        reloader.look();
        assertComputes(1);
        save(moved.resolve("a"), 2);
        Files.move(moved, folder);
        reloader.look();
        reloader.look();
        assertComputes(2);
    }

    @Test
    void theThreadLooksUntilItIsClosed() throws Exception {
        assertComputes(1);
        try (AdapterReloader reloader = AdapterReloader.start(cache, folder, Duration.ofMillis(20))) {
            save(folder.resolve("a"), 2);
            INDArray old = other(1).using("x").predict(x);
            while (output().equals(old)) {
                Thread.sleep(5);
            }
            assertComputes(2);
            assertThat(reloader).isNotNull();
        }
        // It ends a moment after its last task.
        while (Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().equals("lora4j-reload"))) {
            Thread.sleep(5);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 0, 86_400_001})
    void anIntervalOutsideTheBoundsIsRefused(long millis) {
        Duration interval = Duration.ofMillis(millis);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterReloader.start(cache, folder, interval))
                .withMessageContaining("interval must be from a millisecond to a day, found " + interval);
    }
}
