package org.lora4j.spring;

import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.spring.LoRAProperties.Serve;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which adapter a request of Spring AI uses. The model without adapters has the name of its folder. */
final class RequestedAdapter {
    private static final Logger log = LoggerFactory.getLogger(RequestedAdapter.class);

    private final String baseName;
    private final boolean allowsBase;
    private final String defaultName;

    RequestedAdapter(String baseName, Serve serve) {
        this.baseName = baseName;
        String named = serve.defaultAdapter();
        defaultName = named == null ? baseName : named;
        allowsBase = serve.allowBase();
        if (!allowsBase && defaultName.equals(baseName)) {
            log.warn("requests of Spring AI that name no model are refused, because there is no default;"
                    + " set lora.serve.default-adapter, or lora.serve.allow-base=true for the model without adapters");
        }
    }

    /** Returns the name of the model that a request uses. */
    String name(@Nullable String asked) {
        if (asked == null && !allowsBase && defaultName.equals(baseName)) {
            throw new ServingException(
                    Reason.INVALID_INPUT,
                    "the options must name an adapter as their model, because the service has no default; the service"
                            + " can set lora.serve.default-adapter, or lora.serve.allow-base for the model without"
                            + " adapters",
                    null);
        }
        return asked == null ? defaultName : asked;
    }

    /**
     * Returns the name under which a service knows a model.
     *
     * @throws ServingException if it is the model without adapters, which is not served; the message is for the client
     */
    String adapter(String name) {
        if (!name.equals(baseName)) {
            return name;
        }
        if (!allowsBase) {
            throw new ServingException(Reason.UNKNOWN_ADAPTER, "there is no adapter '" + name + "'", null);
        }
        return LoRAModel.BASE;
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
