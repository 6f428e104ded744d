package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Bodies that come in parts, and the memory that they share. */
class IncomingBodyTest {
    private static final int MOST = 100;

    private final BodyMemory memory = new BodyMemory(250);

    /** A client that sends when the test says so. */
    private static final class Parts implements Content.Source {
        private final Queue<Content.Chunk> ready = new ArrayDeque<>();
        private @Nullable Runnable waiting;
        private @Nullable Error failure;

        void send(int bytes, boolean isLast) {
            ready.add(Content.Chunk.from(ByteBuffer.allocate(bytes), isLast));
            Runnable action = waiting;
            waiting = null;
            if (action != null) {
                action.run();
            }
        }

        @Override
        public Content.@Nullable Chunk read() {
            if (failure != null) {
                throw failure;
            }
            return ready.poll();
        }

        @Override
        public void demand(Runnable demandCallback) {
            waiting = demandCallback;
        }

        @Override
        public void fail(Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    /** A request that notes what becomes of its body. */
    private final class Received implements MemoryBody.Receiver {
        private final Parts parts = new Parts();
        private final MemoryBody body;
        private final List<Integer> whole = new ArrayList<>();
        private final List<Integer> statuses = new ArrayList<>();
        private int counted;

        Received(@Nullable ApiException refusal) {
            body = new MemoryBody(parts, MOST, memory, refusal, this);
            body.read();
        }

        @Override
        public void whole(byte[] bytes, int ofMemory) {
            whole.add(bytes.length);
            counted = ofMemory;
        }

        @Override
        public void refused(ApiException why) {
            statuses.add(why.status());
        }
    }

    @Test
    void partsMakeABodyWhoseBytesCountUntilTheyAreFreed() {
        Received one = new Received(null);
        one.parts.send(30, false);
        assertThat(memory.taken()).isEqualTo(30);
        one.parts.send(70, true);
        assertThat(one.whole).containsExactly(100);
        assertThat(one.statuses).isEmpty();
        assertThat(memory.taken()).isEqualTo(100);
        memory.free(one.counted);
        assertThat(memory.taken()).isZero();
    }

    @Test
    void aBodyThatIsTooLargeIsReadToItsEndAndKeepsNothing() {
        Received one = new Received(null);
        one.parts.send(100, false);
        one.parts.send(1, false);
        assertThat(memory.taken()).isZero();
        assertThat(one.statuses).isEmpty();
        one.parts.send(5000, true);
        assertThat(one.statuses).containsExactly(413);
        assertThat(one.whole).isEmpty();
    }

    @Test
    void aRequestThatIsRefusedKeepsNothing() {
        Received one = new Received(ApiException.of(415, "type", "no"));
        one.parts.send(80, false);
        assertThat(memory.taken()).isZero();
        one.parts.send(80, true);
        assertThat(one.statuses).containsExactly(415);
    }

    /** Three large bodies never end. A small one comes later, and is not the one that is given up. */
    @Test
    void withoutRoomTheLargestThatIsStillReadIsGivenUp() {
        List<Received> slow = new ArrayList<>();
        for (int bytes : new int[] {80, 90, 70}) {
            Received one = new Received(null);
            one.parts.send(bytes, false);
            slow.add(one);
        }
        assertThat(memory.taken()).isEqualTo(240);
        Received small = new Received(null);
        small.parts.send(20, true);
        assertThat(small.whole).containsExactly(20);
        assertThat(memory.taken()).isEqualTo(80 + 70 + 20);
        // It can read an answer when it has sent all. This counts no more.
        slow.get(1).parts.send(5, false);
        assertThat(slow.get(1).statuses).isEmpty();
        slow.get(1).parts.send(5, true);
        assertThat(slow.get(1).statuses).containsExactly(503);
        slow.get(0).parts.send(1, true);
        assertThat(slow.get(0).whole).containsExactly(81);
        assertThat(slow.get(1).whole).isEmpty();
        assertThat(memory.taken()).isEqualTo(81 + 70 + 20);
    }

    @Test
    void bodiesThatWereReadStayAndALargerOneIsRefused() {
        List<Received> all = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Received one = new Received(null);
            one.parts.send(100, true);
            all.add(one);
        }
        Received more = new Received(null);
        more.parts.send(60, true);
        assertThat(more.statuses).containsExactly(503);
        assertThat(all).allSatisfy(one -> assertThat(one.whole).hasSize(1));
        all.forEach(one -> memory.free(one.counted));
        assertThat(memory.taken()).isZero();
    }

    @Test
    void aBodyThatIsGivenUpIsAnsweredOnce() {
        Received one = new Received(null);
        one.parts.send(50, false);
        one.body.giveUp(ApiException.of(408, "timeout", "late"));
        one.body.giveUp(ApiException.of(408, "timeout", "late"));
        Objects.requireNonNull(one.parts.waiting).run();
        assertThat(one.statuses).containsExactly(408);
        assertThat(memory.taken()).isZero();
    }

    /** The memory may be full in the middle of a body. */
    @Test
    void aBodyThatFailsToBeReadKeepsNothing() {
        Received one = new Received(null);
        one.parts.send(50, false);
        one.parts.failure = new OutOfMemoryError("Java heap space");
        one.parts.send(50, true);
        assertThat(one.statuses).containsExactly(500);
        assertThat(one.whole).isEmpty();
        assertThat(memory.taken()).isZero();
    }
}
