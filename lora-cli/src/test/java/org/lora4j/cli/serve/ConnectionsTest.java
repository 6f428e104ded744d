package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.Request;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which connection is closed for a new one. */
class ConnectionsTest {
    private final AtomicLong now = new AtomicLong();
    private final Connections connections = new Connections(4, now::get);
    private final List<String> closed = new ArrayList<>();

    @AfterEach
    void close() {
        connections.close();
    }

    private Connection open(String name) {
        EndPoint endPoint = proxy(EndPoint.class, (self, method, values) -> {
            assertThat(method.getName()).isEqualTo("close");
            closed.add(name);
            return null;
        });
        Connection connection = proxy(Connection.class, (self, method, values) -> switch (method.getName()) {
            case "getEndPoint" -> endPoint;
            case "hashCode" -> System.identityHashCode(self);
            case "equals" -> self == values[0];
            default -> throw new AssertionError(method);
        });
        connections.onOpened(connection);
        return connection;
    }

    private OpenRequest begin(Connection connection) {
        ConnectionMetaData data = proxy(ConnectionMetaData.class, (self, method, values) -> connection);
        OpenRequest request = new OpenRequest(
                proxy(Request.class, (self, method, values) -> data), new Deadline(now.get(), Duration.ofMinutes(1)));
        connections.begin(request);
        return request;
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    /** Its request may be on its way. */
    @Test
    void aConnectionThatOnlyJustCameIsNotClosedForLaterOnes() {
        for (String name : List.of("a", "b", "c")) {
            begin(open(name));
        }
        Connection good = open("good");
        open("d");
        open("e");
        assertThat(closed).containsExactly("a", "b");
        begin(good).reads(null);
        for (int i = 0; i < 10; i++) {
            begin(open("f" + i));
        }
        assertThat(closed).hasSize(12).doesNotContain("good");
    }

    /** Their clients may use them at this moment. */
    @Test
    void connectionsThatAreKeptStayWhileManyNewOnesCome() throws Exception {
        for (String name : List.of("a", "b")) {
            Connection kept = open(name);
            connections.end(begin(kept));
        }
        for (int i = 0; i < 10; i++) {
            open("new");
        }
        assertThat(closed).hasSize(8).containsOnly("new");
    }

    /** It is the only one that waits for nothing from its client. */
    @Test
    void aNewConnectionIsClosedIfEachOtherOneHasWork() {
        for (int i = 0; i < 4; i++) {
            begin(open("work")).reads(null);
        }
        open("new");
        assertThat(closed).containsExactly("new");
    }

    @Test
    void theLeastUsedOfOldOnesIsClosed() throws Exception {
        begin(open("reads"));
        open("nothing");
        Connection idle = open("idle");
        OpenRequest request = begin(idle);
        assertThat(request.end()).isTrue();
        connections.end(request);
        begin(open("work")).reads(null);
        // Longer than a moment.
        now.addAndGet(TimeUnit.SECONDS.toNanos(6));
        for (String name : List.of("a", "b", "c", "d")) {
            begin(open(name)).reads(null);
        }
        assertThat(closed).containsExactly("nothing", "idle", "reads", "d");
    }
}
