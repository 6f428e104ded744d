package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.NonRetriableException;
import dev.langchain4j.exception.RateLimitException;
import dev.langchain4j.exception.RetriableException;
import dev.langchain4j.exception.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;

/** What callers of LangChain4j see of the failures of a service. */
class ChatFailuresTest {
    @ParameterizedTest
    @EnumSource
    void theMessageAndTheCauseStay(Reason reason) {
        ServingException failure = new ServingException(reason, "for the client", null);
        RuntimeException found = ChatFailures.of(failure);
        assertThat(found).hasCause(failure);
        if (reason != Reason.CLOSED) {
            assertThat(found).hasMessage("for the client");
        }
        // LangChain4j tries the first kind again.
        if (reason.isTemporary()) {
            assertThat(found).isInstanceOf(RetriableException.class);
        }
        if (reason == Reason.UNKNOWN_ADAPTER || reason == Reason.INVALID_INPUT) {
            assertThat(found).isInstanceOf(NonRetriableException.class);
        }
    }

    @Test
    void theKindsAreThoseOfLangChain4j() {
        assertThat(found(Reason.ADAPTER_BUSY)).isInstanceOf(RateLimitException.class);
        assertThat(found(Reason.SERVICE_BUSY)).isInstanceOf(RateLimitException.class);
        assertThat(found(Reason.LATE)).isInstanceOf(TimeoutException.class);
        assertThat(found(Reason.INTERNAL)).isInstanceOf(InternalServerException.class);
        assertThat(found(Reason.CLOSED)).isInstanceOf(IllegalStateException.class);
        RuntimeException other = new IllegalArgumentException("other");
        assertThat(ChatFailures.of(other)).isSameAs(other);
    }

    private static RuntimeException found(Reason reason) {
        return ChatFailures.of(new ServingException(reason, "for the client", null));
    }
}
