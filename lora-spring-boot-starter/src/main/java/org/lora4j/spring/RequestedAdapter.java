package org.lora4j.spring;

import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.spring.LoRAProperties.Serve;

/** Which adapter a request of Spring AI uses. The model without adapters has the name of its folder. */
final class RequestedAdapter {
    private final String baseName;
    private final String defaultName;

    RequestedAdapter(String baseName, Serve serve) {
        this.baseName = baseName;
        String named = serve.defaultAdapter();
        defaultName = named == null ? baseName : named;
    }

    /** Returns the name of the model that a request uses. */
    String name(@Nullable String asked) {
        return asked == null ? defaultName : asked;
    }

    /** Returns the name under which a service knows a model. */
    String adapter(String name) {
        return name.equals(baseName) ? LoRAModel.BASE : name;
    }

    /**
     * Refuses what would have no effect.
     *
     * @throws ServingException if it is there; the message is for the client
     */
    static void requireAbsent(String what, boolean isThere) {
        if (isThere) {
            throw new ServingException(
                    Reason.INVALID_INPUT,
                    what + " must not be set, because the model does not support it; leave it out",
                    null);
        }
    }
}
