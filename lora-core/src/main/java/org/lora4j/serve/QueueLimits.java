package org.lora4j.serve;

import org.lora4j.internal.MessageText;
import org.lora4j.serve.ServingException.Reason;

/**
 * How much may wait in a {@link FairQueue}.
 *
 * @param perAdapter from which size of its waiting requests on those of an adapter are rejected
 * @param inAll from which size of all waiting requests on others are rejected
 * @param unit what a size counts, for messages
 * @param setting the name of the setting of the limit in all, for messages
 */
record QueueLimits(long perAdapter, long inAll, String unit, String setting) {
    /** One adapter may use this part of the limit in all, if nothing else is said. */
    private static final int PART = 4;

    /** The limits, where 0 says that there is no limit for each adapter of its own. */
    static QueueLimits of(long perAdapter, long inAll, String unit, String setting) {
        return new QueueLimits(perAdapter > 0 ? perAdapter : Math.max(1, inAll / PART), inAll, unit, setting);
    }

    void requirePlace(long waiting) {
        if (waiting >= inAll) {
            throw new ServingException(
                    Reason.SERVICE_BUSY,
                    "too many requests wait; try again later",
                    new IllegalStateException("a request is accepted while fewer than " + inAll + " " + unit
                            + " wait in all, found " + waiting + "; send fewer requests at once, or set " + setting));
        }
    }

    void requirePlace(String adapter, long waiting) {
        if (waiting >= perAdapter) {
            throw new ServingException(
                    Reason.ADAPTER_BUSY,
                    "too many requests of the adapter " + MessageText.quote(adapter) + " wait; try again later",
                    new IllegalStateException("a request is accepted while fewer than " + perAdapter + " " + unit
                            + " of its adapter wait, found " + waiting + " of " + MessageText.quote(adapter)
                            + "; send fewer requests at once, or set " + setting + "PerAdapter"));
        }
    }
}
