package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.BufferUtil;
import org.junit.jupiter.api.Test;

/** What a look at a request does, with a client that sends a byte before each. */
class OpenRequestTest {
    private final ByteBuffer kept = BufferUtil.allocate(1);
    private boolean closed;

    /** Those of HTTP are so. */
    private interface Http extends Connection, Connection.UpgradeTo {}

    private final EndPoint endPoint = proxy(EndPoint.class, (self, method, values) -> switch (method.getName()) {
        case "fill" -> BufferUtil.append((ByteBuffer) values[0], ByteBuffer.wrap(new byte[] {'x'}));
        case "close" -> {
            closed = true;
            yield null;
        }
        default -> throw new AssertionError(method);
    });
    private final Http connection = proxy(Http.class, (self, method, values) -> switch (method.getName()) {
        case "getEndPoint" -> endPoint;
        case "onUpgradeTo" -> {
            int unused = BufferUtil.append(kept, (ByteBuffer) values[0]);
            yield null;
        }
        default -> throw new AssertionError(method);
    });
    private final ConnectionMetaData data = proxy(ConnectionMetaData.class, (self, method, values) -> connection);
    private final Request request = proxy(Request.class, (self, method, values) -> data);
    private final OpenRequest open = new OpenRequest(request, Deadline.begin(Duration.ofMinutes(10)));

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private void lookAfter(int seconds) {
        open.look(System.nanoTime() + Duration.ofSeconds(seconds).toNanos());
    }

    /** The buffer of the connection has room for one byte. A byte that is lost would change the next request. */
    @Test
    void earlyBytesAreKeptAsLongAsThereIsRoom() {
        open.workBegins();
        lookAfter(1);
        assertThat(open.isGone()).isFalse();
        assertThat(closed).isFalse();
        lookAfter(2);
        assertThat(open.isGone()).isTrue();
        assertThat(closed).isTrue();
        assertThat(kept.remaining()).isOne();
        assertThat(Thread.currentThread().isInterrupted()).isTrue();
        open.workEnds();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void anAnswerThatIsNotReadIsGivenUp() {
        assertThat(open.use()).isEqualTo(Connections.Use.READ);
        open.reads(null);
        assertThat(open.use()).isEqualTo(Connections.Use.WORK);
        assertThat(open.end()).isTrue();
        assertThat(open.end()).isFalse();
        assertThat(open.use()).isEqualTo(Connections.Use.ANSWERED);
        lookAfter(20);
        assertThat(closed).isFalse();
        lookAfter(31);
        assertThat(closed).isTrue();
    }
}
