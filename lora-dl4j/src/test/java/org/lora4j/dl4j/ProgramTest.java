package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.example.AdaptNetwork;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The whole program of the page about DL4J runs, and prints what the page shows. The losses depend on the processor. */
class ProgramTest {
    @Test
    void adaptNetwork() throws Exception {
        PrintStream before = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            AdaptNetwork.main(new String[0]);
        } finally {
            System.setOut(before);
        }
        List<String> printed = bytes.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(printed).hasSize(3);
        assertThat(printed.get(1)).matches("loss: \\S+, with the adapter: 0\\.0\\S+");
        assertThat(Files.readString(Path.of("../src/site/markdown/guide-dl4j.md")))
                .contains("```\n" + printed.get(0) + "\n")
                .contains("\n" + printed.get(2) + "\n```");
    }
}
