package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.cli.serve.files.StoreLimits;

/** The file of the keys. */
class ApiKeysTest {
    private static final String KEY = "0123456789abcdef";

    @TempDir
    private Path folder;

    private Access access(String line) throws IOException {
        Path file = Files.writeString(folder.resolve("keys"), "# mine\n" + line + "\n");
        return ApiKeys.read(file).client("Bearer " + KEY).access();
    }

    @Test
    void aNameWithSpacesOrCommasIsInQuotationMarks() throws IOException {
        Access access = access(KEY + " plain, \"my support\" \"a,b\"");
        for (String name : List.of("plain", "my support", "a,b")) {
            access.require(name);
        }
        for (String name : List.of("my", "support", "a", "b", "plain,")) {
            assertThatExceptionOfType(ApiException.class)
                    .as(name)
                    .isThrownBy(() -> access.require(name))
                    .satisfies(e -> assertThat(e.status()).isEqualTo(404));
        }
    }

    @Test
    void aQuotationMarkAloneIsRefused() {
        assertThatIOException()
                .isThrownBy(() -> access(KEY + " \"my support"))
                .withMessageContaining(
                        "keys, line 2: quotation marks must be around the name of an adapter, found one alone");
    }

    private static final String OTHER = "fedcba9876543210";

    private final AtomicLong clock = new AtomicLong();

    private boolean isAccepted(ApiKeys keys, String key) {
        clock.addAndGet(TimeUnit.SECONDS.toNanos(2));
        try {
            return keys.client("Bearer " + key) != null;
        } catch (ApiException e) {
            assertThat(e.status()).isEqualTo(401);
            return false;
        }
    }

    /** The second key is revoked in each of them. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                KEY + " *\nshort *\n",
                KEY + " *\n\u0000\u0001\n",
                KEY + " *\n" + OTHER + "\n",
                KEY + " *\n" + OTHER + " a\n" + OTHER + " *\n",
                KEY + " *\n" + OTHER + " a\n" + OTHER + " *\n" + OTHER + " b\n",
                KEY + " *\nnext-key-of-4567890 \"open\n",
                KEY + " *\nnext-key-of-4567890 tokens=many *\n"
            })
    void aRevokedKeyIsRefusedWhateverElseIsWrong(String content) throws IOException {
        Path file = Files.writeString(folder.resolve("keys"), KEY + " *\n" + OTHER + " *\n");
        ApiKeys keys = new ApiKeys(file, clock::get);
        assertThat(isAccepted(keys, OTHER)).isTrue();
        Files.writeString(file, content);
        assertThat(isAccepted(keys, OTHER)).isFalse();
        assertThat(isAccepted(keys, KEY)).isTrue();
    }

    @Test
    void withoutAFileNoKeyIsAccepted() throws IOException {
        Path file = Files.writeString(folder.resolve("keys"), KEY + " *\n");
        ApiKeys keys = new ApiKeys(file, clock::get);
        Files.delete(file);
        assertThat(isAccepted(keys, KEY)).isFalse();
        Files.writeString(file, KEY + " *\n");
        assertThat(isAccepted(keys, KEY)).isTrue();
        Files.writeString(file, "");
        assertThat(isAccepted(keys, KEY)).isFalse();
        // Bytes that are no text spoil their own line only.
        Files.write(file, ("\u00e4\u00f6 *\n" + KEY + " *\n").getBytes(StandardCharsets.ISO_8859_1));
        assertThat(isAccepted(keys, KEY)).isTrue();
    }

    @Test
    void aKeyHasANameAndLimits() throws IOException {
        Path file = Files.writeString(
                folder.resolve("keys"),
                "\n" + KEY
                        + " name=shop train=yes requests=3 tokens=1000 compile=5 files=7 storage=2 support \"a=b\"\n"
                        + OTHER
                        + " train=no *\n");
        ApiKeys keys = new ApiKeys(file, clock::get);
        Client shop = keys.client("Bearer " + KEY);
        assertThat(shop)
                .isEqualTo(new Client(
                        "shop",
                        KeyFile.hash(KEY),
                        new Access(false, Set.of("support", "a=b")),
                        true,
                        new KeyLimits(3, 1000, 5, 7, 2)));
        assertThat(keys.client("Bearer " + OTHER))
                .isEqualTo(new Client("line-3", KeyFile.hash(OTHER), Access.ALL, false, KeyLimits.NONE));
        StoreLimits.OfOwner all = new StoreLimits.OfOwner(10, 20);
        assertThat(shop.limits().ofFiles(all)).isEqualTo(new StoreLimits.OfOwner(7, 2 << 20));
        assertThat(KeyLimits.NONE.ofFiles(all)).isEqualTo(all);
        for (String wrong : List.of(
                "train=maybe *", "files=0 *", "name=a/b *", "tokens=0 *", "speed=3 *", "requests=x *", "name=a")) {
            assertThatIOException().isThrownBy(() -> access(KEY + " " + wrong)).withMessageContaining("keys, line 2: ");
        }
    }

    @Test
    void limitsOfAKey() {
        ClientLimits limits = new ClientLimits(clock::get);
        Client client = new Client("shop", "a", Access.ALL, false, new KeyLimits(2, 600, 3, 0, 0));
        Client other = new Client("other", "b", Access.ALL, false, new KeyLimits(1, 600, 3, 0, 0));
        limits.enter(client);
        limits.enter(client);
        assertTooMany(() -> limits.enter(client), "as many requests");
        limits.enter(other);
        limits.leave(client);
        limits.enter(client);
        limits.leave(client);
        limits.spendTokens(client, 605);
        assertTooMany(() -> limits.enter(client), "its tokens, 600 a minute");
        // Ten come each second.
        clock.addAndGet(TimeUnit.SECONDS.toNanos(1));
        limits.enter(client);
        limits.requireCompile(client);
        limits.spendCompile(client, TimeUnit.SECONDS.toNanos(3));
        assertTooMany(() -> limits.requireCompile(client), "its time for schemas, 3 seconds a minute");
        limits.requireCompile(other);
        clock.addAndGet(TimeUnit.SECONDS.toNanos(1));
        limits.requireCompile(client);
        for (int i = 0; i < 50; i++) {
            limits.enter(Client.ANYONE);
            limits.spendTokens(Client.ANYONE, 1_000_000);
            limits.requireCompile(Client.ANYONE);
        }
    }

    private static void assertTooMany(ThrowingCallable call, String message) {
        assertThatExceptionOfType(ApiException.class)
                .isThrownBy(call)
                .withMessageContaining(message)
                .matches(e -> e.status() == 429);
    }
}
