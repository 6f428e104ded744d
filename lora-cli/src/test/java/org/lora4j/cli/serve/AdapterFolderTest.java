package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which adapters a folder has while others change it. */
class AdapterFolderTest {
    @TempDir
    private Path folder;

    private Path write(String name) throws IOException {
        Path adapter = Files.createDirectory(folder.resolve(name));
        Files.writeString(adapter.resolve("adapter_config.json"), "{}");
        Files.writeString(adapter.resolve("adapter_model.safetensors"), "");
        return adapter;
    }

    /** A program that replaces an adapter renames two folders, and may be stopped between. */
    @Test
    void anAdapterThatIsReplacedIsWaitedForAlthoughNobodyAskedForItBefore() throws Exception {
        write(".topics.gone");
        Path next = write(".topics.part");
        AdapterFolder adapters = AdapterFolder.open(folder);
        CompletableFuture<Boolean> found = CompletableFuture.supplyAsync(() -> adapters.has("topics"));
        Thread.sleep(250);
        Files.move(next, folder.resolve("topics"));
        assertThat(found.get(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void anotherNameIsRefusedAtOnceAndOneThatNeverComesInTheEnd() throws IOException {
        write(".topics.gone");
        AdapterFolder adapters = AdapterFolder.open(folder);
        assertThat(adapters.has("topic")).isFalse();
        assertThat(adapters.has("topics")).isFalse();
        assertThat(adapters.has(".topics.gone")).isFalse();
    }
}
