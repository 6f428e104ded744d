package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which paths and methods are found. */
class RouterTest {
    private static final Action ONE = (Action.AtOnce) call -> {};
    private static final Action TWO = (Action.AtOnce) call -> {};

    private final Router router = new Router();
    private final Map<String, String> headers = new HashMap<>();

    @BeforeEach
    void add() {
        router.add("GET", "/v1/files", ONE);
        router.add("POST", "/v1/files", TWO);
        router.add("DELETE", "/v1/files/{id}", ONE);
        router.add("GET", "/v1/files/{id}/content", TWO);
        router.addOpen("GET", "/", ONE);
        router.absent("/v1/jobs", "no jobs");
    }

    private Router.Found find(String method, String path) {
        return router.find(method, path, headers::put);
    }

    @Test
    void aRouteIsAMethodAndAPath() {
        assertThat(find("GET", "/v1/files").action()).isSameAs(ONE);
        assertThat(find("POST", "/v1/files").action()).isSameAs(TWO);
        assertThat(find("DELETE", "/v1/files/a").values()).isEqualTo(Map.of("id", "a"));
        assertThat(find("GET", "/v1/files/a%25b%20c/content").values()).isEqualTo(Map.of("id", "a%b c"));
        assertThat(find("GET", "/").action()).isSameAs(ONE);
    }

    @Test
    void otherPathsAreNotThere() {
        for (String path : new String[] {"", "/v1", "/v1/files/", "/v1/files//content", "/v1/files/a/b", "//"}) {
            assertThatExceptionOfType(ApiException.class)
                    .isThrownBy(() -> find("GET", path))
                    .matches(e -> e.status() == 404)
                    .withMessage("there is no '" + path + "'");
            assertThat(router.needsKey(path)).isTrue();
        }
        for (String path : new String[] {"/v1/jobs", "/v1/jobs/a/b"}) {
            assertThatExceptionOfType(ApiException.class)
                    .isThrownBy(() -> find("GET", path))
                    .withMessage("no jobs");
        }
        assertThat(router.needsKey("/")).isFalse();
    }

    @Test
    void theMethodsOfAPathAreSaid() {
        assertThatExceptionOfType(ApiException.class)
                .isThrownBy(() -> find("PUT", "/v1/files"))
                .matches(e -> e.status() == 405)
                .withMessage("the method must be GET or POST, found 'PUT'");
        assertThat(headers).isEqualTo(Map.of("Allow", "GET, POST"));
    }
}
