package org.lora4j.cli.serve;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.grammar.Grammar;

/**
 * The grammar that a request asks for, before it is compiled. That can take long, so it is done apart from the reading of texts.
 *
 * @param field the field of the request that has it, for messages
 * @param key what it is made of
 * @param grammar creates it
 * @param mark the token that begins its texts behind any other text; null if the answer is a text of the grammar as a whole
 */
record AskedGrammar(
        String field,
        Object key,
        Supplier<Grammar> grammar,
        @Nullable String mark) {}
