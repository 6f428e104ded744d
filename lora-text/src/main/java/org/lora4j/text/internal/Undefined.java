package org.lora4j.text.internal;

/** The value of a name that was not given. */
enum Undefined {
    UNDEFINED
}
