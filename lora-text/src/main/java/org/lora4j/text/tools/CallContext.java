package org.lora4j.text.tools;

import com.fasterxml.jackson.core.JsonFactory;

/**
 * What the calls of one answer share.
 *
 * @param json creates parsers
 * @param types the types of the arguments
 */
record CallContext(JsonFactory json, ArgumentTypes types) {
    static CallContext of(ArgumentTypes types) {
        return new CallContext(CallJson.newFactory(), types);
    }
}
