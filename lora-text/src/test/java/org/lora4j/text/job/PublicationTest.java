package org.lora4j.text.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublicationTest {
    private static final String FILE = "adapter_config.json";

    @TempDir
    private Path temp;

    private final List<String> changed = new ArrayList<>();

    private Path adapter(String name, String content) throws IOException {
        Path own = Files.createDirectories(temp.resolve(name));
        Files.writeString(own.resolve(FILE), content);
        return own;
    }

    private static String content(Path folder) throws IOException {
        return Files.readString(folder.resolve(FILE));
    }

    @Test
    void anAdapterIsReplacedAndTheOneBeforeIsKept() throws IOException {
        Path served = temp.resolve("served");
        Publication publication = new Publication(served, changed::add);
        Path previous = temp.resolve("previous");
        publication.put(adapter("one", "1"), "parcels", previous);
        assertThat(previous).doesNotExist();
        publication.put(adapter("two", "2"), "parcels", previous);
        assertThat(content(served.resolve("parcels"))).isEqualTo("2");
        assertThat(content(previous)).isEqualTo("1");
        publication.put(previous, "parcels", null);
        assertThat(content(served.resolve("parcels"))).isEqualTo("1");
        assertThat(changed).containsExactly("parcels", "parcels", "parcels");
        publication.remove("parcels");
        try (Stream<Path> left = Files.list(served)) {
            assertThat(left).isEmpty();
        }
    }

    /** It is copied while it is served. Otherwise a request has no adapter for as long as that takes. */
    @Test
    void anAdapterIsServedWhileItIsCopied() throws IOException {
        Path served = temp.resolve("served");
        Publication publication = new Publication(served, changed::add);
        publication.put(adapter("one", "1"), "parcels", null);
        Path file = Files.writeString(temp.resolve("file"), "");
        assertThatIOException()
                .isThrownBy(() -> publication.put(adapter("two", "2"), "parcels", file.resolve("previous")));
        assertThat(content(served.resolve("parcels"))).isEqualTo("1");
        try (Stream<Path> left = Files.list(served)) {
            assertThat(left).containsExactly(served.resolve("parcels"));
        }
        assertThat(changed).containsExactly("parcels");
    }

    @Test
    void whatAKilledProcessTookAwayComesBack() throws IOException {
        adapter("served/.parcels.gone", "1");
        adapter("served/other", "2");
        adapter("served/.other.gone", "1");
        Path served = temp.resolve("served");
        assertThat(new Publication(served, changed::add).has("parcels")).isTrue();
        assertThat(content(served.resolve("parcels"))).isEqualTo("1");
        assertThat(content(served.resolve("other"))).isEqualTo("2");
        assertThat(served.resolve(".other.gone")).doesNotExist();
    }
}
