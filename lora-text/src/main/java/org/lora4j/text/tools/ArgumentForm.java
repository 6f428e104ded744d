package org.lora4j.text.tools;

import org.jspecify.annotations.Nullable;
import org.lora4j.text.grammar.Grammar;

/** How the arguments of a call are written. */
interface ArgumentForm {
    /** Returns what reads the arguments of a call whose function is known, from their first character on. */
    CallBody read(@Nullable String id, String name, CallContext context);

    /**
     * Writes arguments.
     *
     * @param arguments a JSON object
     * @throws IllegalArgumentException if they cannot be written in this form
     */
    String write(String arguments);

    /**
     * Returns the arguments that fit the schema of a tool.
     *
     * @param marks makes grammars of texts that have tokens of their own
     * @throws IllegalArgumentException if the schema has what is not supported
     */
    Grammar grammar(Tool tool, Marks marks);
}
