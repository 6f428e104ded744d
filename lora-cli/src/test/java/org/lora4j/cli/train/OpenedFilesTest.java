package org.lora4j.cli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpenedFilesTest {
    private final List<String> closed = new ArrayList<>();
    private final OpenedFiles opened = new OpenedFiles();

    @Test
    void theLastOneIsClosedFirst() throws IOException {
        AutoCloseable model = opened.add(() -> closed.add("model"));
        assertThat(model).isNotNull();
        opened.add(() -> closed.add("file"));
        opened.close();
        opened.close();
        assertThat(closed).containsExactly("file", "model");
    }

    @Test
    void theOthersAreClosedIfOneCannotBe() {
        opened.add(() -> closed.add("model"));
        opened.add(() -> {
            throw new IOException("the disk is gone");
        });
        opened.add(() -> closed.add("file"));
        assertThatThrownBy(opened::close).isInstanceOf(IOException.class).hasMessage("the disk is gone");
        assertThat(closed).containsExactly("file", "model");
    }
}
