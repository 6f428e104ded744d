package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.example.AdaptNetwork;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The whole program of the page about DL4J. */
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
        assertThat(printed.get(0)).isEqualTo("parameters: 530, of the adapter: 256");
        assertThat(printed.get(2)).isEqualTo("the merged network is the same: true");
    }
}
