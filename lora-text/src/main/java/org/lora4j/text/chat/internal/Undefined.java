package org.lora4j.text.chat.internal;

/**
 * What a name that was not given stands for: an empty text, an empty list, false. Any other use is an error.
 *
 * @param reason what is missing, for the error
 */
record Undefined(String reason) {
    static Undefined name(String name) {
        return new Undefined("'" + name + "' has no value");
    }

    static Undefined member(Object key) {
        return new Undefined("a value has no '" + key + "'");
    }

    JinjaException error() {
        return new JinjaException("a value must exist before it is used, found that " + reason);
    }
}
