package org.lora4j.text.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class OfflineTest {
    private static String property() {
        return System.getProperty(Offline.PROPERTY);
    }

    /** A load that takes long does not make others wait, and the property stays until the last has ended. */
    @Test
    void threadsLoadAtTheSameTime() {
        String before = property();
        Offline.begin();
        CompletableFuture.runAsync(() -> {
                    Offline.begin();
                    assertThat(property()).isEqualTo("true");
                    Offline.end();
                })
                .join();
        assertThat(property()).isEqualTo("true");
        Offline.end();
        assertThat(property()).isEqualTo(before);
    }

    @Test
    void restoresWhatAProgramHasSet() {
        String before = property();
        System.setProperty(Offline.PROPERTY, "false");
        try {
            Offline.begin();
            Offline.end();
            assertThat(property()).isEqualTo("false");
        } finally {
            if (before == null) {
                System.clearProperty(Offline.PROPERTY);
            } else {
                System.setProperty(Offline.PROPERTY, before);
            }
        }
    }
}
