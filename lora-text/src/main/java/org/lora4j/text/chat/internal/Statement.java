package org.lora4j.text.chat.internal;

/** A part of a template that writes or sets something. */
interface Statement {
    /** What follows on a statement: the next one, the next turn of the loop, or the end of the loop. */
    enum Flow {
        NEXT,
        CONTINUE,
        BREAK
    }

    Flow run(Scope scope);
}
