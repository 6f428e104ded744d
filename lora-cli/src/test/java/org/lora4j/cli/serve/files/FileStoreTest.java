package org.lora4j.cli.serve.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are there as a whole or not at all, each for its owner, within limits. */
class FileStoreTest {
    private static final StoreLimits.OfOwner OWNER = new StoreLimits.OfOwner(3, 100);
    private static final StoreLimits LIMITS = new StoreLimits(60, 0, OWNER);

    @TempDir
    private Path folder;

    private Instant now = Instant.ofEpochSecond(1_000_000);

    private FileStore open() throws IOException {
        return open(LIMITS);
    }

    private FileStore open(StoreLimits limits) throws IOException {
        return FileStore.open(folder, limits, () -> now);
    }

    private static ByteBuffer bytes(int count) {
        return ByteBuffer.wrap("a".repeat(count).getBytes(StandardCharsets.UTF_8));
    }

    private static StoredFile add(FileStore store, String owner, int count) throws IOException {
        return add(store, owner, count, null);
    }

    private static StoredFile add(FileStore store, String owner, int count, @Nullable Duration life)
            throws IOException {
        try (FileUpload upload = store.begin(owner, OWNER)) {
            upload.write(bytes(count));
            return upload.finish("../" + count + "\u00e9.jsonl", "fine-tune", life);
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> String.valueOf(path.getFileName())).sorted().toList();
        }
    }

    private static void assertRefused(StoreException.Reason reason, ThrowingCallable call) {
        assertThatExceptionOfType(StoreException.class)
                .isThrownBy(call)
                .matches(e -> e.reason() == reason, reason.name());
    }

    @Test
    void filesStayWhenTheStoreIsOpenedAgain() throws Exception {
        FileStore store = open();
        StoredFile one = add(store, "a", 5);
        StoredFile two = add(store, "a", 6, Duration.ofHours(1));
        StoredFile other = add(store, "b", 7);
        assertThat(one.id()).matches("file-[0-9a-f]{28}").isLessThan(two.id());
        store.close();
        FileStore again = open();
        assertThat(again.list("a")).containsExactly(one, two);
        assertThat(again.list("b")).containsExactly(other);
        assertThat(Files.readString(again.content(two))).isEqualTo("aaaaaa");
        assertThat(again.bytes()).isEqualTo(18);
        // The clock may stand still, or go back.
        now = now.minusSeconds(100);
        assertThat(add(again, "a", 1).id()).isGreaterThan(other.id());
    }

    @Test
    void aFileIsOnlyThereForItsOwner() throws Exception {
        FileStore store = open();
        StoredFile file = add(store, "a", 5);
        assertThat(store.find("a", file.id())).contains(file);
        assertThat(store.find("b", file.id())).isEmpty();
        assertThat(store.delete("b", file.id())).isFalse();
        for (String odd : List.of("", "..", "../files/" + file.id(), file.id() + ".bin", "file-")) {
            assertThat(store.find("a", odd)).isEmpty();
            assertThat(store.delete("a", odd)).isFalse();
        }
        assertThat(store.delete("a", file.id())).isTrue();
        assertThat(store.find("a", file.id())).isEmpty();
        assertThat(store.delete("a", file.id())).isFalse();
        assertThat(names()).isEmpty();
        assertThat(store.bytes()).isZero();
    }

    @Test
    void whatIsNotFinishedLeavesNothing() throws Exception {
        FileStore store = open();
        FileUpload given = store.begin("a", OWNER);
        given.write(bytes(50));
        assertThat(store.bytes()).isEqualTo(50);
        assertThat(store.uploads()).isOne();
        assertThat(store.list("a")).isEmpty();
        given.close();
        given.close();
        assertThat(store.bytes()).isZero();
        assertRefused(StoreException.Reason.CLOSED, () -> given.write(bytes(1)));
        assertRefused(StoreException.Reason.CLOSED, () -> given.finish("a", "fine-tune", null));
        FileUpload late = store.begin("a", OWNER);
        late.write(bytes(1));
        store.close();
        assertRefused(StoreException.Reason.CLOSED, () -> late.finish("a", "fine-tune", null));
        assertRefused(StoreException.Reason.CLOSED, () -> store.begin("a", OWNER));
        assertThat(names()).isEmpty();
    }

    /** What a process leaves that is killed at any moment. */
    @Test
    void theNextStartDeletesWhatIsNotWhole() throws Exception {
        StoredFile file = add(open(), "a", 5);
        String other = file.id().replaceAll("....$", "beef");
        for (String end : List.of(".part", ".bin", ".json.00000000-0000-0000-0000-000000000000.tmp")) {
            Files.writeString(folder.resolve(other + end), "half");
        }
        Files.writeString(folder.resolve("notes.txt"), "of somebody else");
        assertThat(open().list("a")).containsExactly(file);
        assertThat(names()).containsExactly(file.id() + ".bin", file.id() + ".json", "notes.txt");
        // Facts without bytes: it was being deleted.
        Files.delete(folder.resolve(file.id() + ".bin"));
        assertThat(open().list("a")).isEmpty();
        assertThat(names()).containsExactly("notes.txt");
    }

    @Test
    void factsThatAreDamagedHideTheirFileOnly() throws Exception {
        FileStore store = open();
        StoredFile bad = add(store, "a", 5);
        StoredFile good = add(store, "a", 6);
        Files.writeString(folder.resolve(bad.id() + ".json"), "{\"owner\":1}");
        assertThat(open().list("a")).containsExactly(good);
        assertThat(names()).contains(bad.id() + ".bin");
    }

    @Test
    void limitsOfFilesAndOwners() throws Exception {
        FileStore store = open();
        try (FileUpload large = store.begin("a", OWNER)) {
            large.write(bytes(60));
            assertRefused(StoreException.Reason.TOO_LARGE, () -> large.write(bytes(1)));
        }
        add(store, "a", 60);
        // Uploads at the same time share what is left.
        try (FileUpload one = store.begin("a", OWNER);
                FileUpload two = store.begin("a", OWNER)) {
            one.write(bytes(30));
            two.write(bytes(10));
            assertRefused(StoreException.Reason.OWNER_FULL, () -> two.write(bytes(1)));
            assertRefused(StoreException.Reason.OWNER_FULL, () -> store.begin("a", OWNER));
            add(store, "b", 60);
        }
        assertThat(store.bytes()).isEqualTo(120);
        add(store, "a", 20);
        add(store, "a", 20);
        FileStore again = open();
        assertRefused(StoreException.Reason.OWNER_FULL, () -> again.begin("a", OWNER));
        assertThat(again.delete("a", again.list("a").get(0).id())).isTrue();
        add(again, "a", 60);
    }

    @Test
    void uploadsAtTheSameTimeAreBounded() throws Exception {
        StoreLimits.OfOwner many = new StoreLimits.OfOwner(1000, 1000);
        FileStore store = open();
        for (int i = 0; i < 8; i++) {
            store.begin("a", many);
        }
        assertRefused(StoreException.Reason.OWNER_BUSY, () -> store.begin("a", many));
        for (int i = 0; i < 24; i++) {
            store.begin("b" + i / 8, many);
        }
        assertRefused(StoreException.Reason.BUSY, () -> store.begin("c", many));
        store.close();
        assertThat(names()).isEmpty();
    }

    @Test
    void theDiskKeepsItsRoom() throws Exception {
        FileStore store = open(new StoreLimits(60, Long.MAX_VALUE / 2, OWNER));
        assertRefused(StoreException.Reason.DISK_FULL, () -> store.begin("a", OWNER));
        assertThat(names()).isEmpty();
    }

    @Test
    void aFileThatExpiresIsDeleted() throws Exception {
        FileStore store = open();
        StoredFile kept = add(store, "a", 5, Duration.ofHours(2));
        StoredFile file = add(store, "a", 5, Duration.ofHours(1));
        assertThat(file.expires()).isEqualTo(1_003_600L);
        now = now.plusSeconds(3_599);
        assertThat(store.list("a")).containsExactly(kept, file);
        now = now.plusSeconds(1);
        assertThat(store.find("a", file.id())).isEmpty();
        assertThat(store.list("a")).containsExactly(kept);
        assertThat(names()).hasSize(2);
        now = now.plusSeconds(3_600);
        assertThat(open().list("a")).isEmpty();
    }
}
