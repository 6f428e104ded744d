package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.stream.Stream;
import org.eclipse.jetty.server.Request;
import org.junit.jupiter.api.Test;

/** The memory of answers whose clients do not read. */
class AnswerMemoryTest {
    private final AnswerMemory memory = new AnswerMemory(100);
    private final OpenRequest[] requests =
            Stream.generate(AnswerMemoryTest::request).limit(4).toArray(OpenRequest[]::new);

    private static OpenRequest request() {
        Request none = (Request) java.lang.reflect.Proxy.newProxyInstance(
                Request.class.getClassLoader(), new Class<?>[] {Request.class}, (proxy, method, values) -> {
                    throw new AssertionError(method);
                });
        return new OpenRequest(none, Deadline.begin(Duration.ofSeconds(1)));
    }

    @Test
    void bytesCountUntilTheAnswerIsRead() {
        assertThat(memory.take(requests[0], 60)).isEmpty();
        assertThat(memory.take(requests[1], 40)).isEmpty();
        assertThat(memory.taken()).isEqualTo(100);
        memory.free(requests[0]);
        memory.free(requests[0]);
        assertThat(memory.taken()).isEqualTo(40);
        assertThat(memory.take(requests[2], 60)).isEmpty();
    }

    @Test
    void withoutRoomTheOldestAreGivenUp() {
        for (int i = 0; i < 3; i++) {
            assertThat(memory.take(requests[i], 30)).isEmpty();
        }
        assertThat(memory.take(requests[3], 50)).containsExactly(requests[0], requests[1]);
        assertThat(memory.taken()).isEqualTo(80);
        memory.free(requests[0]);
        assertThat(memory.taken()).isEqualTo(80);
    }

    @Test
    void anAnswerGrowsUntilItIsSent() {
        assertThat(memory.grow(requests[0], 40)).isEmpty();
        assertThat(memory.grow(requests[0], 10)).isEmpty();
        assertThat(memory.taken()).isEqualTo(50);
        assertThat(memory.take(requests[0], 70)).isEmpty();
        assertThat(memory.taken()).isEqualTo(70);
        memory.free(requests[0]);
        assertThat(memory.taken()).isZero();
        // One that fails is not sent.
        assertThat(memory.grow(requests[1], 40)).isEmpty();
        memory.free(requests[1]);
        assertThat(memory.taken()).isZero();
    }

    @Test
    void growingAnswersPushOutUnreadOnesAndNotEachOther() {
        assertThat(memory.take(requests[0], 60)).isEmpty();
        assertThat(memory.grow(requests[1], 50)).containsExactly(requests[0]);
        assertThat(memory.grow(requests[2], 40)).isEmpty();
        assertThatExceptionOfType(ApiException.class)
                .isThrownBy(() -> memory.grow(requests[2], 20))
                .satisfies(e -> assertThat(e.status()).isEqualTo(503));
        assertThat(memory.taken()).isEqualTo(90);
        assertThat(memory.take(requests[3], 30)).isEmpty();
        assertThat(memory.grow(requests[1], 10)).containsExactly(requests[3]);
        assertThat(memory.taken()).isEqualTo(100);
    }

    @Test
    void anAnswerThatIsLargerThanAllRoomIsSentAlone() {
        assertThat(memory.take(requests[0], 30)).isEmpty();
        assertThat(memory.take(requests[1], 1000)).containsExactly(requests[0]);
        memory.free(requests[1]);
        assertThat(memory.taken()).isZero();
    }
}
