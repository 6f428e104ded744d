/** Grammars as expressions over bytes, and which tokens they allow. Not part of the API. */
@NullMarked
package org.lora4j.text.grammar.internal;

import org.jspecify.annotations.NullMarked;
