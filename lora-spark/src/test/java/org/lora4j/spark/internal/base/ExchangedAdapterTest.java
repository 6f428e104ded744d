package org.lora4j.spark.internal.base;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.Network;

/** An adapter of a file system of Hadoop, in whose place another program puts another one again and again. */
@MustEnd
class ExchangedAdapterTest {
    private static final String LAYER = "layer";

    @TempDir
    private Path temp;

    /** α stands in one file, and the same number in all elements of B in the other. */
    private Path save(String name, int number) throws IOException {
        Network network = Network.builder(4).linear(LAYER, 3).build(1);
        LoRAAdapter adapter =
                LoRAAdapter.initialize(network, LoRAConfig.of(1, number)).adapter();
        LoRAWeights factors = requireNonNull(adapter.weights().get(LAYER));
        LoRAWeights changed = new LoRAWeights(
                factors.kind(), factors.loraA(), factors.loraB().like().addi(number), null, null);
        Path folder = temp.resolve(name);
        PeftAdapters.save(new LoRAAdapter(adapter.config(), Map.of(LAYER, changed)), folder);
        for (String file : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
            Files.setLastModifiedTime(folder.resolve(file), FileTime.fromMillis(1_700_000_000_000L + number * 1000L));
        }
        return folder;
    }

    @Test
    void isReadAsAWhole() throws Exception {
        Path live = save("live", 1);
        Path other = save("other", 2);
        AtomicBoolean isOver = new AtomicBoolean();
        Thread exchanging = new Thread(() -> {
            try {
                while (!isOver.get()) {
                    Files.move(live, temp.resolve("old"));
                    Files.move(other, live);
                    Files.move(temp.resolve("old"), other);
                    Thread.sleep(20); // A slow rename must not be most of the time.
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        exchanging.start();
        int read = 0;
        try {
            for (int i = 0; i < 200; i++) {
                try {
                    LoRAAdapter found = AdapterBytes.require(
                                    new org.apache.hadoop.fs.Path(live.toUri()), new Configuration())
                            .adapter();
                    double inTensors =
                            requireNonNull(found.weights().get(LAYER)).loraB().getDouble(0, 0);
                    assertThat(inTensors).isEqualTo(found.config().alpha()).isBetween(1.0, 2.0);
                    read++;
                } catch (IOException e) {
                    assertThat(e).hasMessageContaining("must not be replaced all the time");
                }
            }
        } finally {
            isOver.set(true);
            exchanging.join();
        }
        assertThat(read).isPositive();
    }

    /** A writer on a busy machine may stop between its files for longer than it takes to read them. */
    @Test
    void aFileThatStayedWhenAnotherOneWasReplacedIsWaitedFor() throws Exception {
        Path live = save("live", 1);
        Path next = save("next", 2);
        org.apache.hadoop.fs.Path folder = new org.apache.hadoop.fs.Path(live.toUri());
        Configuration hadoop = new Configuration();
        // The first reading loads classes for longer than the writer stops.
        assertThat(AdapterBytes.require(folder, hadoop).adapter().config().alpha())
                .isEqualTo(1);
        replace(live, next, "adapter_config.json");
        Thread writer = new Thread(() -> {
            try {
                Thread.sleep(100);
                replace(live, next, "adapter_model.safetensors");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        writer.start();
        LoRAAdapter found = AdapterBytes.require(folder, hadoop).adapter();
        writer.join();
        assertThat(found.config().alpha()).isEqualTo(2);
        assertThat(requireNonNull(found.weights().get(LAYER)).loraB().getDouble(0, 0))
                .isEqualTo(2);
    }

    private static void replace(Path live, Path next, String file) throws IOException {
        Files.setLastModifiedTime(next.resolve(file), FileTime.from(Instant.now()));
        Files.move(next.resolve(file), live.resolve(file), StandardCopyOption.ATOMIC_MOVE);
    }

    @Test
    void aMissingOneIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterBytes.require(
                        new org.apache.hadoop.fs.Path(temp.resolve("none").toUri()), new Configuration()))
                .withMessageContaining("the adapter must have a folder with adapter_config.json");
    }
}
