/**
 * What networks take: rows of features, or sequences of tokens.
 *
 * <pre>{@code
 * Input rows = Input.of(x);                                     // [n, features]
 * Input tokens = Sequences.of(ids);                             // a row of ids for each text
 * }</pre>
 */
@NullMarked
package org.lora4j.nn.input;

import org.jspecify.annotations.NullMarked;
