package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.cli.serve.files.FileStore;
import org.lora4j.cli.serve.files.StoreLimits;
import org.lora4j.cli.serve.files.StoredFile;

/** Forms that come in parts, at every place divided, and clients that are too slow. */
class UploadBodyTest {
    private static final StoreLimits.OfOwner OWNER = new StoreLimits.OfOwner(1000, 1 << 20);
    private static final String CONTENT = "\r\n--edg\r\n--\r\n{\"a\":1}\r\n-";
    private static final String FORM =
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n" + CONTENT
                    + "\r\n--edge\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--edge--\r\n";

    @TempDir
    private Path folder;

    private FileStore store;
    private final List<StoredFile> whole = new ArrayList<>();
    private final List<Integer> statuses = new ArrayList<>();

    private static final class Parts implements Content.Source {
        private final Queue<Content.Chunk> ready = new ArrayDeque<>();
        private @Nullable Runnable waiting;

        void send(Content.Chunk chunk) {
            ready.add(chunk);
            Runnable action = waiting;
            waiting = null;
            if (action != null) {
                action.run();
            }
        }

        void send(String text, boolean isLast) {
            send(Content.Chunk.from(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), isLast));
        }

        @Override
        public Content.@Nullable Chunk read() {
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

    @BeforeEach
    void open() throws IOException {
        store = FileStore.open(folder, new StoreLimits(1000, 0, OWNER), InstantSource.system());
    }

    private UploadBody body(Parts parts) throws IOException {
        UploadForm form = new UploadForm(store.begin("a", OWNER));
        UploadBody body = new UploadBody(
                parts,
                "edge",
                1000,
                form,
                () -> {
                    try {
                        whole.add(form.finish());
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                },
                why -> statuses.add(why.status()));
        body.read();
        return body;
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> String.valueOf(path.getFileName())).toList();
        }
    }

    @Test
    void aFormMayBeDividedAnywhere() throws Exception {
        for (int at = 0; at <= FORM.length(); at++) {
            Parts parts = new Parts();
            UploadBody body = body(parts);
            parts.send(FORM.substring(0, at), false);
            assertThat(body.isRefused()).isFalse();
            parts.send(FORM.substring(at), true);
            assertThat(statuses).isEmpty();
            assertThat(whole).hasSize(1);
            StoredFile file = whole.remove(0);
            assertThat(Files.readString(store.content(file)))
                    .as("divided at " + at)
                    .isEqualTo(CONTENT);
            assertThat(store.delete("a", file.id())).isTrue();
        }
    }

    /** Random changes of a good form: each is taken as a whole, or refused, and then leaves nothing. */
    @Test
    void noFormIsAFailureOfTheServer() throws Exception {
        SplittableRandom random = new SplittableRandom(7);
        int taken = 0;
        for (int i = 0; i < 400; i++) {
            StringBuilder form = new StringBuilder(FORM);
            for (int changes = random.nextInt(4); changes >= 0; changes--) {
                int at = random.nextInt(form.length());
                switch (random.nextInt(3)) {
                    case 0 -> form.setCharAt(at, (char) random.nextInt(128));
                    case 1 -> form.deleteCharAt(at);
                    default -> form.insert(at, FORM, 0, random.nextInt(FORM.length()));
                }
            }
            Parts parts = new Parts();
            UploadBody unused = body(parts);
            parts.send(form.toString(), true);
            assertThat(whole.size() + statuses.size()).as(form.toString()).isOne();
            assertThat(statuses).allMatch(status -> status == 400 || status == 413);
            taken += whole.size();
            for (StoredFile file : whole) {
                assertThat(store.delete("a", file.id())).isTrue();
            }
            whole.clear();
            statuses.clear();
            assertThat(names()).isEmpty();
        }
        // Else they show nothing.
        assertThat(taken).isBetween(20, 380);
    }

    @Test
    void aFormThatIsRefusedIsReadToItsEnd() throws Exception {
        Parts parts = new Parts();
        UploadBody body = body(parts);
        parts.send(FORM.replace(CONTENT, "a".repeat(2000)).substring(0, 1500), false);
        assertThat(body.isRefused()).isTrue();
        assertThat(names()).isEmpty();
        assertThat(statuses).isEmpty();
        parts.send("b".repeat(5000), true);
        assertThat(statuses).containsExactly(413);
        assertThat(store.uploads()).isZero();
    }

    @Test
    void anUploadThatIsGivenUpOrFailsLeavesNothing() throws Exception {
        Parts parts = new Parts();
        UploadBody body = body(parts);
        parts.send(FORM.substring(0, 100), false);
        assertThat(names()).hasSize(1);
        body.giveUp(ApiException.of(408, "timeout", "late"));
        assertThat(names()).isEmpty();
        parts.send(FORM.substring(100), true);
        assertThat(statuses).containsExactly(408);
        Parts broken = new Parts();
        UploadBody unused = body(broken);
        broken.send(FORM.substring(0, 100), false);
        broken.send(Content.Chunk.from(new IOException("reset")));
        assertThat(statuses).containsExactly(408, 400);
        assertThat(names()).isEmpty();
        assertThat(store.uploads()).isZero();
    }

    /** A minute, and a second more for each 64 KiB that came: so one of bounded length has a bounded time. */
    @Test
    void aClientMustNotBeSlow() throws Exception {
        Parts parts = new Parts();
        UploadBody body = body(parts);
        long timeout = Duration.ofSeconds(1).toNanos();
        assertThat(body.isLate(TimeUnit.SECONDS.toNanos(60), timeout)).isFalse();
        assertThat(body.isLate(TimeUnit.SECONDS.toNanos(61), timeout)).isTrue();
        parts.send("a".repeat(64 << 10), false);
        assertThat(body.isLate(TimeUnit.SECONDS.toNanos(61), timeout)).isFalse();
        assertThat(body.isLate(TimeUnit.SECONDS.toNanos(62), timeout)).isTrue();
        body.giveUp(ApiException.of(408, "timeout", "late"));
    }
}
